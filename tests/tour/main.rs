//! `cargo xtask spin-up --tour`: a client's walk through the application, first on Spin and then on this host, each on fresh stores.
//! It panics at the first difference from what it should be; in the end it prints what either took.

mod application;
mod figures;
mod usage;
mod walk;

use application::{Application, Engine};
use figures::Figures;

#[tokio::main]
async fn main() {
    let mut all = Vec::new();
    for engine in [Engine::Spin, Engine::Mindflow] {
        println!("tour: {engine}");
        let application = Application::start(engine).await;
        walk::whole(&application).await;
        all.push(Figures::take(&application).await);
        application.stop().await;
    }
    figures::print(&all);
}
