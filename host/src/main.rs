fn main() -> std::process::ExitCode {
    mindflow::cli::main()
}
