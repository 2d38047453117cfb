//! The partner's system is a command that everybody has.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};

use lodged::edifact::{Frame, FrameFinder};

use crate::gateway::Gateway;
use crate::interchange::{Answer, declaration};

/// `openssl s_client`, piped an interchange: its standard input is closed when so many answers are here, as
/// `(cat FILE; sleep 2) | openssl s_client …` does it by the clock.
fn pipes(gateway: &Gateway, version: &str, interchange: &[u8], answers: usize) -> Vec<Answer> {
    let home = &gateway.home;
    let mut client: Child = Command::new("openssl")
        .args(["s_client", "-quiet", "-no_ign_eof", version, "-connect", &gateway.edi.to_string()])
        .args(["-verify_return_error", "-verify_quiet", "-CAfile"])
        .arg(&home.keys.certificate)
        .arg("-cert")
        .arg(&home.acme.certificate)
        .arg("-key")
        .arg(&home.acme.key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take();
    input.as_mut().map_or(Ok(()), |input: &mut ChildStdin| input.write_all(interchange)).unwrap();
    let mut output = client.stdout.take().unwrap();
    let (mut received, mut finder, mut found) = (Vec::new(), FrameFinder::default(), Vec::new());
    let mut piece = [0; 4096];
    loop {
        while let Frame::Interchange(range) = finder.find(&received) {
            let rest = received.split_off(range.end);
            found.push(Answer::new(std::mem::replace(&mut received, rest).split_off(range.start)));
        }
        if found.len() >= answers {
            drop(input.take());
        }
        match output.read(&mut piece).unwrap() {
            0 => break,
            count => received.extend_from_slice(&piece[..count]),
        }
    }
    let ended = client.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    found
}

#[test]
#[cfg_attr(not(have_openssl), ignore = "needs the openssl command")]
fn openssl_gets_the_answers_and_the_same_answers_again() {
    let mut gateway = Gateway::started();
    let first = pipes(&gateway, "-tls1_3", &declaration("ONE"), 2);
    assert!(first[0].is("CONTRL") && first[1].is("CUSRES") && first[1].proof().starts_with("AB1234"));
    assert_eq!(pipes(&gateway, "-tls1_3", &declaration("ONE"), 2), first);
    gateway.is_killed_and_started_again();
    assert_eq!(pipes(&gateway, "-tls1_2", &declaration("ONE"), 2), first);
}

#[test]
#[cfg_attr(not(have_openssl), ignore = "needs the openssl command")]
fn openssl_may_be_piped_the_sample_as_it_is() {
    let gateway = Gateway::started();
    let sample = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/export-original.edi")).unwrap();
    let first = pipes(&gateway, "-tls1_3", &sample, 2);
    assert_eq!(first.len(), 2);
    assert_eq!(pipes(&gateway, "-tls1_3", &sample, 2), first);
}
