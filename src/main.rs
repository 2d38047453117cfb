//! The binary: everything it can do is in the library, by the name of the command.

use std::process::ExitCode;

fn main() -> ExitCode {
    lodged::cli::main()
}
