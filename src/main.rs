//! The program: its commands, as the library has them.

use std::path::Path;
use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "this is where a person is told")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ["serve", "--config", file] = arguments.as_slice() else {
        eprintln!("usage: lodged serve --config FILE");
        return ExitCode::from(2);
    };
    match lodged::daemon::run(Path::new(file)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("lodged: {trouble}");
            ExitCode::FAILURE
        }
    }
}
