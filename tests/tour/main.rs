//! `cargo xtask spin-up --tour`: a client's walk through the application, first on Spin and then on this host, each on fresh stores.
//! It panics at the first difference from what it should be. Then it prints what either took, and what a client sees of each while
//! a source is edited. Its arguments name the parts to do: `walk`, `load`, `swap`; without any, all are done.

mod application;
mod figures;
mod swaps;
mod usage;
mod walk;

use application::{Application, Engine};
use figures::Figures;

#[tokio::main]
async fn main() {
    let parts: Vec<String> = std::env::args().skip(1).collect();
    let (walk, load, swap) = (asked(&parts, "walk"), asked(&parts, "load"), asked(&parts, "swap"));
    let mut all = Vec::new();
    for engine in [Engine::Spin, Engine::Mindflow] {
        if !walk && !load {
            break;
        }
        println!("tour: {engine}");
        if load {
            // Compiles the components where the engine's cache has not got them, so that the next start is measured without.
            Application::start(engine).await.stop().await;
        }
        let application = Application::start(engine).await;
        if walk {
            walk::whole(&application).await;
        }
        if load {
            all.push(Figures::take(&application).await);
        }
        application.stop().await;
    }
    if load {
        figures::print(&all);
    }
    if swap {
        let mut all = Vec::new();
        for engine in [Engine::Spin, Engine::Plugin] {
            println!("tour: {engine}, while a source is edited");
            all.push(swaps::measure(engine).await);
        }
        figures::print(&all);
    }
}

fn asked(parts: &[String], part: &str) -> bool {
    parts.is_empty() || parts.iter().any(|named| named == part)
}
