//! What systems of the administration may rely on: every accepted declaration, in order, at least once.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;
use tokio_rustls::rustls::StreamOwned;

use crate::gateway::{DEADLINE, Gateway, Home, until};
use crate::interchange::declaration;
use crate::keys::{Keys, server};

/// A home with this consumer.
fn home(consumer: &str) -> Home {
    let home = Home::new("");
    fs::create_dir(home.path().join("feeds")).unwrap();
    fs::write(home.path().join("feeds/customs.toml"), consumer).unwrap();
    home
}

/// Lodges declarations of these references; returns their proof-of-report numbers.
fn lodges(gateway: &Gateway, references: &[&str]) -> Vec<String> {
    let mut partner = gateway.partner();
    let proofs = references.iter().map(|reference| {
        partner.sends(&declaration(reference));
        partner.gets_contrl();
        partner.gets_cusres().proof().to_owned()
    });
    let proofs = proofs.collect();
    partner.leaves();
    proofs
}

fn proofs(lines: &str) -> Vec<String> {
    let parsed = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    parsed.map(|line| line["proof"].as_str().unwrap().to_owned()).collect()
}

/// The proofs in all files of a directory, in the order of their names.
fn in_files(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    paths.iter().flat_map(|path| proofs(&fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn a_directory_gets_every_accepted_declaration_in_order_and_goes_on_after_a_kill() {
    let mut gateway = Gateway::at(home("directory = \"out\"\n"));
    let out = gateway.home.path().join("feeds/out");
    let mut lodged = lodges(&gateway, &["ONE", "TWO", "THREE"]);
    until("three are there", || in_files(&out).len() == 3);
    assert_eq!(in_files(&out), lodged);
    until("its place is noted", || gateway.metric("lodged_feed_behind{consumer=\"customs\"}") == 0);
    gateway.is_killed_and_started_again();
    lodged.extend(lodges(&gateway, &["FOUR"]));
    until("the fourth is there", || in_files(&out).last() == lodged.last());
    let mut once = in_files(&out);
    once.dedup();
    assert_eq!(once, lodged);
}

#[test]
fn practice_goes_only_to_who_wants_it() {
    let gateway = Gateway::at(home("directory = \"out\"\npractice = true\n"));
    lodges(&gateway, &["ONE"]);
    until("it was looked at", || gateway.metric("lodged_feed_behind{consumer=\"customs\"}") == 0);
    assert_eq!(in_files(&gateway.home.path().join("feeds/out")), [""; 0]);
}

/// One request that came, and the status that it gets.
struct Asked {
    head: String,
    body: String,
    stream: Box<dyn Speaks>,
}

trait Speaks: std::io::Read + std::io::Write + Send {}
impl<T: std::io::Read + std::io::Write + Send> Speaks for T {}

impl Asked {
    /// None when the connection ends before a whole request came.
    fn of(stream: Box<dyn Speaks>) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { head, body: String::from_utf8(body).unwrap(), stream: reader.into_inner() })
    }

    fn gets(mut self, status: &str) {
        write!(self.stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
        self.stream.flush().unwrap();
    }

    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

/// A consumer that hears requests; `wrap` makes of a connection what the request is read from.
fn consumer(wrap: impl Fn(TcpStream) -> Box<dyn Speaks> + Send + 'static) -> (SocketAddr, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (hears, heard) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if let Some(asked) = Asked::of(wrap(stream.unwrap())) {
                hears.send(asked).unwrap();
            }
        }
    });
    (address, heard)
}

#[test]
fn an_address_that_refuses_is_asked_again_with_the_same() {
    let (address, heard) = consumer(|stream| Box::new(stream));
    let home = home(&format!("url = \"http://{address}/declarations?of=all\"\nauthorization = \"secret\"\n"));
    let secret = home.path().join("feeds/secret");
    fs::write(&secret, "Bearer s3cret\n").unwrap();
    fs::set_permissions(secret, fs::Permissions::from_mode(0o600)).unwrap();
    let gateway = Gateway::at(home);
    let lodged = lodges(&gateway, &["ONE"]);
    let first = heard.recv_timeout(DEADLINE).unwrap();
    assert!(first.head.starts_with("POST /declarations?of=all HTTP/1.1\r\n"), "{}", first.head);
    assert_eq!(first.header("authorization"), "Bearer s3cret");
    assert_eq!(first.header("content-type"), "application/x-ndjson");
    assert_eq!(proofs(&first.body), lodged);
    let (key, body) = (first.header("idempotency-key").to_owned(), first.body.clone());
    first.gets("503 Service Unavailable");
    let second = heard.recv_timeout(DEADLINE).unwrap();
    assert_eq!((second.header("idempotency-key"), &second.body), (key.as_str(), &body));
    second.gets("204 No Content");
    until("it is taken", || gateway.metric("lodged_feed_declarations_total{consumer=\"customs\"}") == 1);
    assert_eq!(gateway.metric("lodged_feed_failures_total{consumer=\"customs\"}"), 1);
    gateway.says("it answered 503");
    assert!(!gateway.log().contains("s3cret"));
    let lodged = lodges(&gateway, &["TWO"]);
    let third = heard.recv_timeout(DEADLINE).unwrap();
    assert_eq!(proofs(&third.body), lodged);
    third.gets("200 OK");
}

#[test]
fn an_address_shows_that_it_is_the_right_one() {
    let home = home("");
    let feeds = home.path().join("feeds");
    let (right, wrong) = (Keys::mint(&feeds, "right"), Keys::mint(&feeds, "wrong"));
    let (address, heard) = consumer(move |stream| Box::new(StreamOwned::new(server(&right), stream)));
    let url = format!("url = \"https://localhost:{}/\"\n", address.port());
    fs::write(feeds.join("customs.toml"), format!("{url}ca = \"wrong.pem\"\n")).unwrap();
    let mut gateway = Gateway::at(home);
    let lodged = lodges(&gateway, &["ONE"]);
    gateway.says("cannot agree on TLS");
    assert!(heard.try_recv().is_err());
    fs::copy(feeds.join("right.pem"), wrong.certificate).unwrap();
    gateway.is_killed_and_started_again();
    let asked = heard.recv_timeout(DEADLINE).unwrap();
    assert_eq!(proofs(&asked.body), lodged);
    asked.gets("200 OK");
    until("it is taken", || gateway.metric("lodged_feed_declarations_total{consumer=\"customs\"}") == 1);
}

#[test]
fn a_place_in_another_store_stops_the_start() {
    let mut gateway = Gateway::at(home("directory = \"out\"\n"));
    lodges(&gateway, &["ONE"]);
    let place = gateway.home.path().join("record/feeds/customs.place");
    until("its place is noted", || place.exists());
    gateway.gets_signal("TERM");
    gateway.ends();
    fs::write(&place, "0ddba11 7\n").unwrap();
    let said = gateway.does_not_start();
    assert!(said.contains("is a place in the store 0ddba11"), "{said}");
}
