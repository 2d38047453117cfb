//! Partners and certificates, changed by an administrator: all or nothing, and in force at once.

use std::fs;
use std::path::Path;

use crate::gateway::{Gateway, Home};
use crate::interchange::{declaration, with};
use crate::keys::Keys;
use crate::partner::End;

/// Keys of somebody, outside of the partners' directory.
fn minted(home: &Home, name: &str) -> Keys {
    let directory = home.path().join("minted");
    fs::create_dir_all(&directory).unwrap();
    Keys::mint(&directory, name)
}

/// A certificate that is valid between the first days of two years.
fn minted_between(home: &Home, name: &str, from: i32, until: i32) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let path = home.path().join(format!("{name}.pem"));
    fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What is in the directory of the partners, hidden things too.
fn files(home: &Home) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(home.path().join("partners")).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default()))
        .collect();
    files.sort();
    files
}

/// A command that is refused with these words, and leaves every file as it was.
fn is_refused(home: &Home, arguments: &[&str], words: &str) {
    let before = files(home);
    home.is_refused(arguments, words);
    assert_eq!(files(home), before);
}

const BIRCH: [&str; 11] = [
    "partner",
    "add",
    "birch",
    "--name",
    "Birch \"& Sons\" Ltée",
    "--kind",
    "service-provider",
    "--identity",
    "BIRCHFWD:ZZ",
    "--authority",
    "AB1234:123456782RM0001",
];

fn add_birch<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&BIRCH[..], more].concat()
}

#[test]
fn a_partner_that_is_added_gets_in_at_once() {
    let gateway = Gateway::started();
    let birch = minted(&gateway.home, "birch");
    gateway.partner_with(&birch).gets_nothing_more(End::Gone);
    let told = gateway.home.asks(&add_birch(&["--certificate", text(&birch.certificate)])).done();
    assert!(
        told.starts_with("partner-added birch, by ") && told.contains("+ name = \"Birch \\\"& Sons\\\" Ltée\"\n"),
        "{told}"
    );
    let mut partner = gateway.partner_with(&birch);
    partner.sends(&with(&declaration("ONE"), "ACMEFWD:ZZ", "BIRCHFWD:ZZ"));
    assert_eq!(partner.gets_contrl().action(), "7");
    assert!(partner.gets_cusres().proof().starts_with("AB1234"));
    partner.leaves();
    let shown = gateway.home.asks_json(&["partner", "show", "birch"]);
    assert_eq!((&shown["name"], &shown["kind"]), (&"Birch \"& Sons\" Ltée".into(), &"service-provider".into()));
    assert_eq!(shown["certificates_held"].as_array().unwrap().len(), 1);
    let names: Vec<_> = files(&gateway.home).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 5, "acme's three, birch's two: {names:?}");
    assert!(fs::read_to_string(gateway.home.path().join("partners/birch.toml")).unwrap().starts_with("name = "));
}

#[test]
fn a_partner_with_little_is_added_with_cautions() {
    let gateway = Gateway::started();
    let arguments = ["partner", "add", "cedar", "--name", "Cedar", "--kind", "exporter", "--language", "fr"];
    let document = gateway.home.asks_json(&arguments);
    let cautions: Vec<_> = document["cautions"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert_eq!(cautions.len(), 3, "{cautions:?}");
    let act = &document["act"];
    assert_eq!((&act["deed"], &act["subject"], &act["before"]), (&"partner-added".into(), &"cedar".into(), &"".into()));
    assert_eq!(gateway.home.asks_json(&["partner", "show", "cedar"])["language"], "fr");
}

#[test]
fn partners_are_listed() {
    let gateway = Gateway::started();
    gateway.home.asks(&add_birch(&[])).done();
    let listed = gateway.home.asks_json(&["partner", "list"]);
    let names: Vec<_> =
        listed["partners"].as_array().unwrap().iter().map(|of| of["partner"].as_str().unwrap()).collect();
    assert_eq!(names, ["acme", "birch"]);
    let told = gateway.home.asks(&["partner", "list"]).done();
    assert!(told.lines().next().unwrap().starts_with("partner  kind"), "{told}");
    assert!(told.lines().nth(2).unwrap().starts_with("birch    service-provider  yes"), "{told}");
    let told = gateway.home.asks(&["partner", "show", "acme"]).done();
    for words in ["partner      acme (acme)\n", "ACMEFWD   ZZ\n", "AB1234        123456782RM0001\n", "  acme.pem\n"] {
        assert!(told.contains(words), "{words:?} is not in\n{told}");
    }
    gateway.home.is_refused(&["partner", "show", "cedar"], "there are acme, birch");
}

#[test]
fn what_contradicts_itself_or_the_others_is_refused() {
    let gateway = Gateway::started();
    let home = &gateway.home;
    let add = |id: &'static str| ["partner", "add", id, "--name", "Cedar", "--kind", "exporter"];
    is_refused(home, &add("acme"), "there is a partner acme already");
    is_refused(home, &add("Cedar"), "\"Cedar\" is no short name of a partner");
    is_refused(home, &add("../cedar"), "is no short name of a partner");
    is_refused(home, &[&add("cedar")[..], &["--identity", "ACMEFWD:ZZ"]].concat(), "has an identity of partner acme");
    is_refused(home, &[&add("cedar")[..], &["--identity", "CEDAR:TOOLONG"]].concat(), "`identity[0].qualifier`");
    is_refused(home, &[&add("cedar")[..], &["--authority", "AB1234:123456789RM0001"]].concat(), "the check digit");
    let same = text(&home.acme.certificate).to_owned();
    is_refused(
        home,
        &[&add("cedar")[..], &["--certificate", &same]].concat(),
        "partner acme has a certificate with the same key",
    );
    let ended = minted_between(home, "ended", 2001, 2002);
    is_refused(home, &[&add("cedar")[..], &["--certificate", &ended]].concat(), "the certificate ended at 2002-01-01");
    let name = ["partner", "add", "cedar", "--name", "Ce\ndar", "--kind", "exporter"];
    is_refused(home, &name, "`name` cannot be");
}

#[test]
fn another_certificate_of_the_same_key_is_refused() {
    let gateway = Gateway::started();
    let home = &gateway.home;
    let key = rcgen::KeyPair::from_pem(&fs::read_to_string(&home.acme.key).unwrap()).unwrap();
    let again = rcgen::CertificateParams::new(vec!["other".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let path = home.path().join("again.pem");
    fs::write(&path, again).unwrap();
    is_refused(home, &add_birch(&["--certificate", text(&path)]), "partner acme has a certificate with the same key");
    // For its own holder a renewed certificate may keep its key.
    home.asks(&["partner", "certificate", "add", "acme", text(&path)]).done();
}

#[test]
fn files_that_are_no_certificates_are_refused() {
    let gateway = Gateway::started();
    let home = &gateway.home;
    let add = |file: &str| ["partner", "certificate", "add", "acme", file].map(str::to_owned);
    let refused = |file: &str, words| is_refused(home, &add(file).each_ref().map(String::as_str), words);
    refused(text(&home.config()), "the file is not a certificate that can be read");
    let both = home.path().join("both.pem");
    let birch = minted(home, "birch");
    let [certificate, key] = [&birch.certificate, &birch.key].map(|path| fs::read_to_string(path).unwrap());
    fs::write(&both, format!("{certificate}{key}")).unwrap();
    refused(text(&both), "there is a private key beside the certificate");
    fs::write(&both, format!("{certificate}{certificate}")).unwrap();
    refused(text(&both), "the file holds 2 certificates");
    refused(text(&home.acme.certificate), "partner acme has this certificate already");
    let told = home.asks(&["partner", "certificate", "add", "acme", "/nowhere.pem"]);
    assert!(told.code == 2 && told.error.contains("/nowhere.pem cannot be read"), "{told:?}");
    is_refused(
        home,
        &["partner", "certificate", "add", "birch", text(&birch.certificate)],
        "there is no partner \"birch\"",
    );
    let from = ["partner", "certificate", "add", "acme", text(&birch.certificate), "--from", "soon"];
    is_refused(home, &from, "`certificate[1].from` cannot be \"soon\"");
    is_refused(
        home,
        &["partner", "certificate", "add", "acme", text(&birch.certificate), "--until", "2001-01-01"],
        "the certificate ended at 2001-01-02",
    );
}

#[test]
fn a_certificate_is_changed_without_a_gap() {
    let gateway = Gateway::started();
    let next = minted(&gateway.home, "next");
    let file = gateway.home.path().join("partners/acme.toml");
    let before = fs::read_to_string(&file).unwrap();
    let document = gateway.home.asks_json(&[
        "partner",
        "certificate",
        "add",
        "acme",
        text(&next.certificate),
        "--from",
        "2020-01-01",
    ]);
    assert_eq!(document["act"]["deed"], "certificate-added");
    let after = fs::read_to_string(&file).unwrap();
    assert!(after.starts_with(&before), "what was there stays as it was: {after}");
    gateway.partner().leaves();
    gateway.partner_with(&next).leaves();
    let told = gateway.home.asks(&["partner", "certificate", "disable", "acme", "acme.pem"]).done();
    assert!(told.contains("- disabled = false\n") && !told.contains("caution"), "{told}");
    gateway.partner().gets_nothing_more(End::Gone);
    gateway.partner_with(&next).leaves();
    gateway.home.is_refused(&["partner", "certificate", "disable", "acme", "acme.pem"], "is disabled already");
    let shown = gateway.home.asks_json(&["partner", "show", "acme"]);
    let [old, new] = [0, 1].map(|index| shown["certificates_held"][index].clone());
    assert_eq!((&old["is_disabled"], &new["is_disabled"]), (&true.into(), &false.into()));
    let fingerprint = new["fingerprint"].as_str().unwrap().to_uppercase();
    let told = gateway.home.asks(&["partner", "certificate", "disable", "acme", &fingerprint]).done();
    assert!(told.contains("caution: partner acme has no other certificate that is taken now"), "{told}");
    gateway.partner_with(&next).gets_nothing_more(End::Gone);
}

#[test]
fn a_certificate_is_named_without_doubt() {
    let gateway = Gateway::started();
    let next = minted(&gateway.home, "next");
    gateway.home.has_partner("acme", "ACMEFWD", "[[certificate]]\nfile = \"acme.pem\"\n");
    drop(next);
    is_refused(&gateway.home, &["partner", "certificate", "disable", "acme", "acme.pem"], "means several certificates");
    is_refused(&gateway.home, &["partner", "certificate", "disable", "acme", "other.pem"], "means no certificate");
    is_refused(&gateway.home, &["partner", "certificate", "disable", "acme", "ab12"], "means no certificate");
}

#[test]
fn a_certificate_that_ends_soon_is_taken_with_a_caution() {
    use lodged::clock::{Clock as _, SystemClock};
    let gateway = Gateway::started();
    let next = minted(&gateway.home, "next");
    let soon =
        SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).date().checked_add(jiff::Span::new().days(5)).unwrap();
    let until = soon.to_string();
    let arguments = ["partner", "certificate", "add", "acme", text(&next.certificate), "--until", &until];
    let told = gateway.home.asks(&arguments).done();
    assert!(told.contains("caution: the certificate ends in 5 days"), "{told}");
    let status = gateway.home.asks_json(&["status"]);
    assert_eq!(status["certificates_ending"][0]["partner"], "acme");
    assert_eq!(status["certificates_ending"][0]["days_left"], 5);
    let next_year = i32::from(soon.year()) + 1;
    let late = minted_between(&gateway.home, "late", next_year, next_year + 1);
    let document = gateway.home.asks_json(&["partner", "certificate", "add", "acme", &late]);
    assert!(document["cautions"][0].as_str().unwrap().contains("is not taken before"), "{document}");
}

#[test]
fn a_partner_is_kept_out_and_let_in_again() {
    let gateway = Gateway::started();
    let file = gateway.home.path().join("partners/acme.toml");
    let before = fs::read_to_string(&file).unwrap();
    let mut open = gateway.partner();
    let told = gateway.home.asks(&["partner", "disable", "acme"]).done();
    assert!(told.contains("- disabled = false\n  + disabled = true\n"), "{told}");
    gateway.partner().gets_nothing_more(End::Gone);
    open.sends(&declaration("ONE"));
    open.gets_nothing_more(End::Clean);
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("disabled = true\n{before}"));
    assert_eq!(gateway.home.asks_json(&["partner", "list"])["partners"][0]["is_disabled"], true);
    is_refused(&gateway.home, &["partner", "disable", "acme"], "partner acme is disabled already");
    // What is disabled is still its own.
    is_refused(
        &gateway.home,
        &["partner", "add", "cedar", "--name", "C", "--kind", "exporter", "--identity", "ACMEFWD:ZZ"],
        "has an identity of",
    );
    gateway.home.asks(&["partner", "enable", "acme"]).done();
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("disabled = false\n{before}"));
    let mut partner = gateway.partner();
    partner.sends(&declaration("TWO"));
    assert_eq!(partner.gets_contrl().action(), "7");
    is_refused(&gateway.home, &["partner", "enable", "acme"], "partner acme is not disabled");
}

#[test]
fn a_file_keeps_its_comments_and_its_form() {
    let gateway = Gateway::started();
    let file = gateway.home.path().join("partners/acme.toml");
    let old = fs::read_to_string(&file).unwrap();
    let lines = old.replace("[[certificate]]\nfile = \"acme.pem\"\n", "");
    let inline = format!("# ours\ncertificate = [ {{ file = \"acme.pem\" }} ] # one\n{lines}");
    fs::write(&file, &inline).unwrap();
    gateway.home.asks(&["partner", "certificate", "disable", "acme", "acme.pem"]).done();
    let expected = inline.replace("\"acme.pem\" }", "\"acme.pem\", disabled = true }");
    assert_eq!(fs::read_to_string(&file).unwrap(), expected);
    // An array in a line takes no table behind it.
    let next = minted(&gateway.home, "next");
    is_refused(&gateway.home, &["partner", "certificate", "add", "acme", text(&next.certificate)], "this is not TOML");
}

#[test]
fn a_mistake_elsewhere_keeps_everything_as_it_was() {
    let gateway = Gateway::started();
    fs::write(gateway.home.path().join("partners/cedar.toml"), "name = \"Cedar\"\nkind = \"exproter\"\n").unwrap();
    is_refused(&gateway.home, &["partner", "disable", "acme"], "cedar.toml");
    assert!(gateway.home.asks(&["partner", "list"]).done().contains("acme"));
    gateway.partner().leaves();
}

#[test]
fn a_directory_that_cannot_be_written_is_said_so() {
    let gateway = Gateway::started();
    fs::write(gateway.home.path().join("partners/.pending.new"), "in the way").unwrap();
    let before = files(&gateway.home);
    let told = gateway.home.asks(&["partner", "disable", "acme"]);
    assert!(told.code == 2 && told.error.contains("the gateway must be able to write there"), "{told:?}");
    assert_eq!((files(&gateway.home), gateway.home.acts()), (before, vec![]));
    gateway.partner().leaves();
}

#[test]
fn a_link_is_not_replaced_by_a_file() {
    let gateway = Gateway::started();
    let file = gateway.home.path().join("partners/acme.toml");
    let kept = gateway.home.path().join("kept.toml");
    fs::rename(&file, &kept).unwrap();
    std::os::unix::fs::symlink(&kept, &file).unwrap();
    is_refused(&gateway.home, &["partner", "disable", "acme"], "this is a symbolic link");
    assert!(file.is_symlink());
}

#[test]
fn changes_that_come_together_are_made_one_after_the_other() {
    let gateway = Gateway::started();
    let ids: Vec<String> = (0..6).map(|number| format!("partner-{number}")).collect();
    let children: Vec<_> = ids
        .iter()
        .map(|id| {
            gateway
                .home
                .command(&["partner", "add", id, "--name", "P", "--kind", "carrier"])
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    children.into_iter().for_each(|mut child| assert!(child.wait().unwrap().success()));
    let mut added: Vec<_> = gateway.home.acts().into_iter().map(|(_, subject)| subject).collect();
    added.sort();
    assert_eq!(added, ids);
    assert_eq!(gateway.home.asks_json(&["partner", "list"])["partners"].as_array().unwrap().len(), 7);
}
