//! A record that is slow: what comes meanwhile waits in the network and not in the gateway, and none of it is lost.

use std::process::{Command, Stdio};

use crate::agreement::agrees;
use crate::gateway::Home;
use crate::interchange::{AUTHORIZATIONS, identity};

/// How much longer a flush takes, in milliseconds: a disk that is at its end.
const DELAY: u64 = 150;
/// What the load would like to have on its way: 100 times 64 interchanges of 45 KB, 290 MB. A build for debugging examines
/// so slowly that it would take minutes to answer them; there it is 100 times 4, which shows only that nothing is lost.
const LOAD: &str = if cfg!(debug_assertions) {
    "--connections 100 --window 4 --declarations 50 --seconds 4 --warm-up 0 --timeout 240"
} else {
    "--connections 100 --window 64 --declarations 50 --seconds 6 --warm-up 0 --timeout 240"
};
/// By how much the gateway may grow over it, in kilobytes.
const GROWTH_MAX: u64 = 96 << 10;

#[test]
fn when_the_record_is_slow_the_gateway_reads_more_slowly_and_does_not_grow() {
    let home = Home::new();
    let gateway = home.starts();
    let load = |options: &str| {
        let [cert, key, ca] =
            ["partners/partner-0.pem", "partners/partner-0.key", "gateway.pem"].map(|file| home.beside(file));
        let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
        command.arg("bench").arg("--to").arg(format!("tls://{}", gateway.door())).arg("--cert").arg(cert);
        command.arg("--key").arg(key).arg("--ca").arg(ca).args(["--json", "--sender"]).arg(identity(0) + ":ZZ");
        command.args(["--authorization", AUTHORIZATIONS[0]]).args(options.split_whitespace());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    // Whatever the first of their kind need is not growth.
    let first = load("--connections 100 --count 400 --declarations 50 --warm-up 0").wait_with_output().unwrap();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let before = gateway.memory_peak_kilobytes();

    home.preload.slow_flushes(DELAY);
    let output = load(LOAD).wait_with_output().unwrap();
    home.preload.slow_flushes(0);
    let (said, talk) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let growth = gateway.memory_peak_kilobytes().saturating_sub(before);
    println!("the gateway had {before} kB and grew by {growth} kB\n{said}");
    // Everything that was sent was answered, and with what it asked for.
    assert!(output.status.success(), "{said}{talk}");
    assert!(growth < GROWTH_MAX, "from {before} kB by {growth} kB");
    gateway.is_ended();
    agrees(&home.record());
}
