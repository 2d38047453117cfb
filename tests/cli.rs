//! The commands as a newcomer types them: the real program, what it prints, and how it ends.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use expect_test::{Expect, expect};
use serde_json::Value;

#[path = "schema/mod.rs"]
mod schema;

use schema::agree;

/// The moment at which files are taken to come.
const AT: &str = "2026-11-21T20:45:00Z";
const FIVE: &str = "testdata/five-mistakes.edi";
const RIGHT: &str = "testdata/export-original.edi";
const SCHEMA: &str = include_str!("../docs/check.schema.json");

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lodged"));
    program.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).env_remove("COLUMNS");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LODGED__")) {
        program.env_remove(name);
    }
    program
}

fn lodged(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// What a command prints and how it ends. Times are left out.
#[track_caller]
fn check(arguments: &[&str], code: i32, expected: &Expect) {
    let output = lodged(arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    expected.assert_eq(&without_times(&said));
    assert_eq!(output.status.code(), Some(code), "{said}");
}

fn without_times(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once(" (") {
        Some((line, time)) if time.ends_with(" ms)") => format!("{line}\n"),
        _ => format!("{}\n", line.trim_end()),
    };
    text.lines().map(line).collect()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_slice(&lodged(arguments).stdout).unwrap()
}

#[test]
fn without_a_command_the_commands_are_shown() {
    check(
        &[],
        2,
        &expect![[r#"
            An export reporting gateway: declarations come in as EDIFACT, proof-of-report numbers go back

            Usage: lodged <COMMAND>

            Commands:
              serve        Runs the gateway until it is told to end
              demo         Shows everything once: a gateway to throw away, and a declaration lodged with it
              check        Says what is wrong with files of interchanges: every mistake, with its place and what
                           to do
              send         Lodges a file and shows the answers segment by segment
              bench        Loads a gateway over mutual TLS and says how fast it answers
              config       Checks the configuration, or shows what is in force
              grammar      Looks after grammars and implementation guides
              codes        Checks code lists, shows them, or replaces one
              store        Looks after the record: checks it, counts and exports what is in it, backs it up,
                           follows it on another machine
              status       Says how the gateway that runs is: whether it takes interchanges, where it listens,
                           what it goes by
              partner      Lists, shows, adds, disables and enables partners and their certificates
              report       Shows reports, by their number or by what the partner called them
              interchange  Shows interchanges that are in the record
              audit        Lists what administrators and signals changed, the newest last: who, when, what, how
                           it was before and how it is since
              reload       Has the gateway load grammars, guides, code lists, partners, certificates and limits
                           anew, all or nothing
              man          Prints a manual page, or writes all of them into a directory
              completions  Prints the completions for a shell
              help         Print this message or the help of the given subcommand(s)

            Options:
              -h, --help     Print help (see more with '--help')
              -V, --version  Print version
        "#]],
    );
}

#[test]
fn the_help_of_check_says_its_exit_codes() {
    check(
        &["check", "--help"],
        0,
        &expect![[r#"
            Says what is wrong with files of interchanges: every mistake, with its place and what to do.

            Syntax, directory, implementation guide, code lists and rules are held against every interchange, as
            the gateway does it. Codes that are numbers are those of a CONTRL (0085), the others those of a
            CUSRES; --explain says what each means. Elements and components are counted as CONTRL counts them:
            the tag of a segment is 1, its first data element 2.

            Files are read interchange by interchange and may be longer than the memory; one interchange may
            have as many bytes as --interchange-bytes-max.

            Exit code 0 when no finding is an error, 1 when some are, 2 when a file or part of it could not be
            read.

            Usage: lodged check [OPTIONS] [FILE]...

            Arguments:
              [FILE]...
                      Files, directories or patterns such as 'in/**/*.edi'; - is standard input

            Options:
                  --explain [<CODE>]
                      Explain a code such as 13 or H211, or list all of them

                  --format <FORMAT>
                      For people or for programs

                      Possible values:
                      - human: For people
                      - json:  For programs: one JSON document

                      [default: human]

                  --json
                      The same as --format json

                  --language <LANGUAGE>
                      The language of the sentences

                      Possible values:
                      - en: English
                      - fr: French

                      [default: en]

                  --limit <NUMBER>
                      Tell at most so many findings of one file and count the others [default: 100, for programs
                      10000]

                  --syntax-only
                      Leave guide, code lists and rules out

                  --at <TIMESTAMP>
                      The moment at which the files are taken to come, such as 2026-11-21T20:45:00Z; now when it
                      is not given

                  --grammars <DIR>
                      The directory of grammars, guides and code lists; those that are compiled in when it is
                      not given

                  --code-lists
                      Hold values against the code lists of their directory too

                  --config <FILE>
                      Judge by the grammars and settings of this configuration

                  --partner <ID>
                      Judge as if this partner had sent the files: who it may be and for whom it may file; needs
                      --config

                  --interchange-bytes-max <BYTES>
                      Longest interchange [default: that of the configuration, without one 67108864]

              -h, --help
                      Print help (see a summary with '-h')
        "#]],
    );
}

#[test]
fn five_mistakes_are_told_with_place_sentence_and_hint() {
    check(
        &["check", "--at", AT, FIVE],
        1,
        &expect![[r#"
            error[13]: A mandatory part is missing
              --> testdata/five-mistakes.edi:15:5
               |
            15 | RFF+:PO 88213'
               |     ^ expected Reference qualifier (1153), an..3
               = place: message 1 (CUSDEC, reference 1), segment 14 SG1/RFF, element 2 Reference (C506), component 1
               = found: nothing
               = hint: Put it in where it was expected

            error[15]: This is not supported in this position
              --> testdata/five-mistakes.edi:16:1
               |
            16 | RFX+CU:PO 88214'
               | ^^^^^^^^^^^^^^^ expected DTM, PAC, RFF, TDT, DOC, NAD, TOD, MOA or UNS
               = place: message 1 (CUSDEC, reference 1), segment 15 RFX
               = found: RFX
               = hint: Perhaps RFF was meant

            error[A103]: The check digit of business number 123456789RM0001 is wrong
              --> testdata/five-mistakes.edi:20:8
               |
            20 | NAD+EX+123456789RM0001++ÉRABLIÈRE DU NORD INC+12 RUE DE LA SCIERIE+TROIS-RIVIÈRES+QC+G9A 5H7+CA'
               |        ^^^^^^^^^^^^^^^
               = place: message 1 (CUSDEC, reference 1), segment 19 SG6/NAD, element 3 Party identification details (C082)
               = found: "123456789RM0001"
               = hint: Compare the number with the exporter's registration; a digit is wrong or two are transposed

            error[39]: The value is too long
              --> testdata/five-mistakes.edi:24:49
               |
            24 | …ODS KK+1-2-3 KAIGAN:MINATO-KU+TOKYO, SHIBAURA WATERFRONT DISTRICT NORTH++105-0022+JP'
               |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               = place: message 1 (CUSDEC, reference 1), segment 23 SG6/NAD, element 7 City name (3164)
               = expected: an..35: at most 35 characters
               = found: 41 characters: "TOKYO, SHIBAURA WATERFRONT DISTRICT NORT…"
               = hint: Shorten it to 35 characters

            error[29]: The control count does not match what arrived
              --> testdata/five-mistakes.edi:48:5
               |
            48 | UNT+45+1'
               |     ^^ expected 47
               = place: message 1 (CUSDEC, reference 1), segment UNT, element 2 Number of segments in the message (0074)
               = found: "45"
               = hint: Write 47

            note[line_breaks_between_segments]: Line breaks stand between segments (48 times, first testdata/five-mistakes.edi:1:62)
            testdata/five-mistakes.edi: 5 errors in 1 interchange, 1 message; 1 refused
        "#]],
    );
}

#[test]
fn five_mistakes_have_their_lines_columns_and_codes() {
    let report = json(&["check", "--at", AT, "--format", "json", FIVE]);
    let findings = report["files"][0]["findings"].as_array().unwrap().iter();
    let said: Vec<String> = findings
        .map(|finding| {
            for key in ["sentence", "found", "hint", "source_line"] {
                assert!(finding[key].is_string(), "{key}");
            }
            let (place, code) = (&finding["place"], finding["code"].as_str().unwrap());
            format!("{}:{} {code}", place["line"], place["column"])
        })
        .collect();
    assert_eq!(said, ["15:5 13", "16:1 15", "20:8 A103", "24:49 39", "48:5 29"]);
}

#[test]
fn a_file_of_one_line_has_its_carets_too() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = std::fs::read(FIVE).unwrap().into_iter().filter(|byte| !b"\r\n".contains(byte)).collect();
    std::fs::write(folder.path().join("one-line.edi"), bytes).unwrap();
    let output = program()
        .current_dir(folder.path())
        .args(["check", "--at", AT, "--language", "fr", "one-line.edi"])
        .output()
        .unwrap();
    expect![[r#"
        erreur[13]: Une partie obligatoire manque
         --> one-line.edi:1:315
          |
        1 | …54383'RFF+BM:MTRL26110417'RFF+:PO 88213'RFX+CU:PO 88214'RFF+ABO:ACME-2026-000417'PAC+24++PX'TDT+20+0…
          |                                ^ attendu Reference qualifier (1153), an..3
          = lieu: message 1 (CUSDEC, référence 1), segment 14 SG1/RFF, élément 2 Reference (C506), composant 1
          = trouvé: rien
          = conseil: Ajoutez-le là où il était attendu

        erreur[15]: Ceci n'est pas pris en charge à cette position
         --> one-line.edi:1:325
          |
        1 | …BM:MTRL26110417'RFF+:PO 88213'RFX+CU:PO 88214'RFF+ABO:ACME-2026-000417'PAC+24++PX'TDT+20+042W+1+++++…
          |                                ^^^^^^^^^^^^^^^ attendu DTM, PAC, RFF, TDT, DOC, NAD, TOD, MOA ou UNS
          = lieu: message 1 (CUSDEC, référence 1), segment 15 RFX
          = trouvé: RFX
          = conseil: Peut-être fallait-il écrire RFF

        erreur[A103]: Le chiffre de contrôle du numéro d'entreprise 123456789RM0001 est inexact
         --> one-line.edi:1:422
          |
        1 | …+++:::MV SAINT LAURENT'NAD+EX+123456789RM0001++ÉRABLIÈRE DU NORD INC+12 RUE DE LA SCIERIE+TROIS-RIVI…
          |                                ^^^^^^^^^^^^^^^
          = lieu: message 1 (CUSDEC, référence 1), segment 19 SG6/NAD, élément 3 Party identification details (C082)
          = trouvé: "123456789RM0001"
          = conseil: Comparez le numéro avec l'inscription de l'exportateur; un chiffre est erroné ou deux sont inversés

        erreur[39]: La valeur est trop longue
         --> one-line.edi:1:628
          |
        1 | …ODS KK+1-2-3 KAIGAN:MINATO-KU+TOKYO, SHIBAURA WATERFRONT DISTRICT NORTH++105-0022+JP'NAD+AE+80200511…
          |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = lieu: message 1 (CUSDEC, référence 1), segment 23 SG6/NAD, élément 7 City name (3164)
          = attendu: an..35: au plus 35 caractères
          = trouvé: 41 caractères: "TOKYO, SHIBAURA WATERFRONT DISTRICT NORT…"
          = conseil: Raccourcissez-la à 35 caractères

        erreur[29]: Le compte de contrôle ne correspond pas à ce qui est arrivé
         --> one-line.edi:1:1197
          |
        1 | …D'UNS+S'CNT+5:2'CNT+11:24'UNT+45+1'UNZ+1+ACME0000000005'
          |                                ^^ attendu 47
          = lieu: message 1 (CUSDEC, référence 1), segment UNT, élément 2 Number of segments in the message (0074)
          = trouvé: "45"
          = conseil: Écrivez 47

        one-line.edi: 5 erreurs dans 1 interchange, 1 message; 1 à refuser
    "#]]
    .assert_eq(&without_times(&String::from_utf8(output.stdout).unwrap()));
}

#[test]
fn a_right_file_is_clean() {
    check(
        &["check", "--at", AT, RIGHT],
        0,
        &expect![[r#"
        note[line_breaks_between_segments]: Line breaks stand between segments (47 times, first testdata/export-original.edi:1:62)
        testdata/export-original.edi: no findings in 1 interchange, 1 message
    "#]],
    );
}

#[test]
fn warnings_do_not_make_a_file_wrong() {
    check(
        &["check", "--at", "2026-12-01T11:30:00Z", RIGHT],
        0,
        &expect![[r#"
            warning[T501]: The declaration came at 2026-12-01 06:30:00 -05:00, less than 48 h before loading at 2026-12-01 06:00:00 -05:00
             --> testdata/export-original.edi:9:9
              |
            9 | DTM+342:202612010600:203'
              |         ^^^^^^^^^^^^
              = place: message 1 (CUSDEC, reference 1), segment 8 DTM, element 2 Date/time/period (C507), component 2
              = found: "202612010600"
              = hint: Report earlier: 48 h before loading by water, 2 h by air, rail and mail, before export by road and otherwise, unless the administration set other limits

            note[line_breaks_between_segments]: Line breaks stand between segments (47 times, first testdata/export-original.edi:1:62)
            testdata/export-original.edi: 1 warning in 1 interchange, 1 message
        "#]],
    );
}

#[test]
fn an_interactive_interchange_is_refused_in_words() {
    let file = "testdata/cases/interactive-interchange-is-not-answered/in.edi";
    check(
        &["check", file],
        2,
        &expect![[r#"
        unreadable: Here is an interactive interchange (UIB to UIZ)
         --> testdata/cases/interactive-interchange-is-not-answered/in.edi:1:1
          |
        1 | UIB+UNOA:4+DIALOGUE1'
          | ^
          = hint: Only batch interchanges are processed: UNB to UNZ

        testdata/cases/interactive-interchange-is-not-answered/in.edi: no interchange could be read
    "#]],
    );
    check(
        &["check", "--language", "fr", file],
        2,
        &expect![[r#"
        illisible: Voici un interchange interactif (UIB à UIZ)
         --> testdata/cases/interactive-interchange-is-not-answered/in.edi:1:1
          |
        1 | UIB+UNOA:4+DIALOGUE1'
          | ^
          = conseil: Seuls les interchanges par lots sont traités: UNB à UNZ

        testdata/cases/interactive-interchange-is-not-answered/in.edi: aucun interchange n'a pu être lu
    "#]],
    );
}

#[test]
fn what_is_no_interchange_is_unreadable() {
    check(
        &["check", "README.nothing", "Cargo.toml"],
        2,
        &expect![[r#"
            unreadable: README.nothing cannot be read: No such file or directory (os error 2)
              = hint: Check that it is there and that you may read it

            README.nothing: no interchange could be read
            unreadable: Here is no interchange: neither UNA nor UNB can be read
             --> Cargo.toml:1:1
              |
            1 | [package]
              | ^
              = hint: An interchange begins with UNB, or with UNA in front of it, and ends with UNZ

            Cargo.toml: no interchange could be read

            2 files, 2 not read to the end: no findings in 0 interchanges, 0 messages
        "#]],
    );
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let mut child =
        program().args(["check", "--at", AT, "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"UNB+UNOA:3+A\x1b[2J+B+261121:1530+1'UNZ+0+1'").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.stdout.contains(&0x1b));
    assert!(String::from_utf8(output.stdout).unwrap().contains("A␛[2J+B"));
}

#[test]
fn several_interchanges_of_one_file_are_all_judged() {
    let mut child = program()
        .args(["check", "--at", AT, "--format", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let both = [std::fs::read(RIGHT).unwrap(), std::fs::read(FIVE).unwrap(), b"\nthe end".to_vec()].concat();
    child.stdin.take().unwrap().write_all(&both).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let file = &report["files"][0];
    assert_eq!(file["interchanges"].as_array().unwrap().len(), 2);
    assert!(file["findings"].as_array().unwrap().iter().all(|finding| finding["interchange"] == 2));
    assert_eq!(file["errors"], 5);
    assert!(file["unreadable"]["place"]["column"] == 1);
}

#[test]
fn the_document_is_as_its_schema_says() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for files in [[FIVE, RIGHT], ["nowhere.edi", "Cargo.toml"]] {
        let report = json(&["check", "--at", AT, "--format", "json", files[0], files[1]]);
        agree(&report, &schema, &schema, "$");
    }
}

#[test]
fn explanations_are_as_their_schema_says() {
    let schema: Value = serde_json::from_str(include_str!("../docs/explain.schema.json")).unwrap();
    let all = json(&["check", "--explain", "--format", "json"]);
    for known in all.as_array().unwrap() {
        agree(known, &schema, &schema, known["code"].as_str().unwrap());
    }
    for code in ["13", "41", "H211"] {
        agree(&json(&["check", "--explain", code, "--format", "json"]), &schema, &schema, code);
    }
}

#[test]
fn the_manual_describes_every_key_of_the_document() {
    let manual = include_str!("../docs/check-json.md");
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let tables = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    for key in tables.flat_map(|table| table["properties"].as_object().unwrap().keys()) {
        assert!(manual.contains(&format!("| `{key}` |")), "docs/check-json.md says nothing of {key}");
    }
}

#[test]
fn syntax_alone_leaves_the_rules_out() {
    let report = json(&["check", "--at", AT, "--format", "json", "--syntax-only", FIVE]);
    let findings = report["files"][0]["findings"].as_array().unwrap();
    assert!(findings.len() == 4 && findings.iter().all(|finding| finding["family"] == "syntax"));
}

#[test]
fn as_a_partner_the_identities_and_the_authority_count() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("partners")).unwrap();
    std::fs::write(folder.path().join("lodged.toml"), "").unwrap();
    let partner = "name = \"Maple\"\nkind = \"exporter\"\n[[identity]]\nidentification = \"MAPLE\"\n";
    std::fs::write(folder.path().join("partners/maple.toml"), partner).unwrap();
    let config = folder.path().join("lodged.toml");
    let config = config.to_str().unwrap();
    let report = json(&["check", "--at", AT, "--format", "json", "--config", config, "--partner", "maple", RIGHT]);
    let findings = report["files"][0]["findings"].as_array().unwrap();
    let codes: Vec<&str> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["23", "A110"]);
    let output = lodged(&["check", "--config", config, "--partner", "mapel", RIGHT]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("knows no partner mapel; it knows maple"));
}

#[test]
fn the_shipped_grammars_can_be_used() {
    check(
        &["grammar", "check", "grammars"],
        0,
        &expect![[r#"
        grammars: messages 317, guides 1, no errors
    "#]],
    );
}

#[test]
fn tables_with_mistakes_become_no_grammars() {
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().join("t01");
    std::fs::create_dir(&tables).unwrap();
    for entry in std::fs::read_dir("testdata/tables/t01").unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), tables.join(entry.file_name())).unwrap();
    }
    let out = folder.path().join("own");
    let import = || {
        let folders = [tables.to_str().unwrap(), "--directory", "T:01:UN", "--out", out.to_str().unwrap()];
        let output = program().args(["grammar", "import"]).args(folders).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let segments = std::fs::read_to_string(tables.join("segments.tsv")).unwrap();
    std::fs::write(tables.join("segments.tsv"), segments.replace("C507", "C508")).unwrap();
    let (code, said) = import();
    assert!(said.contains("segments.tsv:4:7: error: there is no composite C508\n  hint: C507 is known\n"), "{said}");
    assert!(said.ends_with("these tables cannot be used; nothing was written\n") && !out.exists(), "{said}");
    assert_eq!(code, Some(1));
    std::fs::write(tables.join("segments.tsv"), segments).unwrap();
    let (code, said) = import();
    assert!(said.ends_with(" files of T:01:UN\n"), "{said}");
    assert_eq!(code, Some(0));
    assert_eq!(program().args(["grammar", "check"]).arg(&out).output().unwrap().status.code(), Some(0));
}

#[test]
fn tables_of_no_known_directory_need_their_key() {
    let output = lodged(&["grammar", "import", "testdata/tables"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("say `--directory D:96B:UN`"));
}

#[test]
fn mistakes_in_grammars_and_guides_have_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("own")).unwrap();
    let grammar = folder.path().join("own/own.grammar");
    std::fs::write(&grammar, "nonsense here\n").unwrap();
    std::fs::write(folder.path().join("own/latin.grammar"), b"# caf\xe9\n").unwrap();
    let check = || program().args(["grammar", "check", folder.path().to_str().unwrap()]).output().unwrap();
    let output = check();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("own.grammar:1:") && said.contains(": error: "), "{said}");
    assert!(said.contains("latin.grammar:1:6: error: the file is not UTF-8 at byte 5\n"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    std::fs::remove_file(grammar).unwrap();
    std::fs::remove_file(folder.path().join("own/latin.grammar")).unwrap();
    std::fs::write(folder.path().join("own/latin.guide"), b"\n# caf\xe9\n").unwrap();
    std::fs::write(folder.path().join("own/own.guide"), "\nnonsense\n").unwrap();
    let output = check();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("own.guide:2:1: error: "), "{said}");
    assert!(said.contains("latin.guide:2:1: error: the file is not UTF-8 at byte 6\n"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_shipped_code_lists_can_be_used() {
    check(
        &["codes", "check"],
        0,
        &expect![[r#"
        countries                250
        provinces                 13
        currencies               181
        modes                     10
        units                     63
        package-types            405
        cbsa-offices              23  a sample: replace it before real use
        hs-export-codes           95  a sample: replace it before real use
        reasons-for-export        11  a sample: replace it before real use
        exchange-rates             0  a sample: replace it before real use
        no mistakes
    "#]],
    );
}

#[test]
fn a_code_is_shown_with_its_periods() {
    check(
        &["codes", "show", "currencies", "HRK", "--on", "2026-11-21"],
        0,
        &expect![[r#"
        HRK       Kuna  2 decimal places  until 2023-01-15  not valid
    "#]],
    );
}

#[test]
fn an_unknown_list_has_a_neighbour() {
    check(
        &["codes", "show", "contries"],
        2,
        &expect![[r#"
        lodged: no code list is called "contries" (perhaps countries?); the lists are countries, provinces, currencies, modes, units, package-types, cbsa-offices, hs-export-codes, reasons-for-export, exchange-rates
    "#]],
    );
}

#[test]
fn a_list_is_replaced_and_the_former_one_kept() {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir("grammars/codes").unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let new = folder.path().join("new");
    std::fs::write(&new, "code,english,french,from,until\n1,Maritime transport,Transport maritime,,\n").unwrap();
    let directory = folder.path().to_str().unwrap();
    let output = lodged(&["codes", "import", "modes", new.to_str().unwrap(), "--directory", directory]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("modes: 1 codes\n") && said.contains("modes.csv.bak"), "{said}");
}

#[test]
fn a_configuration_without_keys_is_told_what_it_lacks() {
    let output = lodged(&["config", "check", "--config", "conf/lodged.toml"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("gateway.pem") && said.contains("tls listens on 127.0.0.1:4443"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_is_set_is_shown_with_where_it_comes_from() {
    let output = program().args(["config", "show"]).env("LODGED__EDI__IDENTITY", "OTHER").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("identity = \"OTHER\"") && said.contains("# environment LODGED__EDI__IDENTITY"), "{said}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_configuration_that_is_not_there_is_a_trouble_with_words() {
    check(
        &["config", "show", "--config", "nowhere.toml"],
        2,
        &expect![[r#"
            lodged: the configuration cannot be used; correct this and run `lodged config check`
            cannot be read: No such file or directory (os error 2) (nowhere.toml)
              hint: name the configuration with --config; that of the package is /etc/lodged/conf/lodged.toml
        "#]],
    );
}

#[test]
fn manual_pages_are_written_all_at_once_or_printed_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("man");
    assert_eq!(lodged(&["man", "--to", to.to_str().unwrap()]).status.code(), Some(0));
    for page in ["lodged.8", "lodged.toml.5", "lodged-grammar.5", "lodged-findings.7", "lodged-operating.7"] {
        let name = page.rsplit_once('.').unwrap().0;
        assert_eq!(std::fs::read(to.join(page)).unwrap(), lodged(&["man", name]).stdout, "{page}");
    }
    assert!(lodged(&["man"]).stdout.starts_with(b".TH \"LODGED\" \"8\""));
    assert_eq!(lodged(&["man", "bogus"]).status.code(), Some(2));
}

#[test]
fn shells_get_their_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = String::from_utf8(lodged(&["completions", shell]).stdout).unwrap();
        for word in ["syntax-only", "server-cert", "interchange", "certificate", "authority", "since"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
}

#[test]
fn another_protocol_is_refused_with_words() {
    let keys = ["--cert", "a", "--key", "b", "--server-cert", "c"];
    check(
        &[&["send", RIGHT, "--to", "as2+https://localhost:8443/as2"], &keys[..]].concat(),
        2,
        &expect![[r#"
        error: invalid value 'as2+https://localhost:8443/as2' for '--to <URL>': this build knows tls://host:port and nothing else

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn a_certificate_that_is_not_there_is_told_by_its_file() {
    let keys = ["--cert", "a.pem", "--key", "b", "--server-cert", "c"];
    check(
        &[&["send", RIGHT, "--to", "tls://localhost:4443"], &keys[..]].concat(),
        2,
        &expect![[r#"
            lodged: a.pem cannot be read; check that it is there and that you may read it
              because: No such file or directory (os error 2)
        "#]],
    );
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child =
        program().args(["check", "--at", AT, FIVE]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn the_demonstration_ends_with_a_number_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = program().arg("demo").env("TMPDIR", folder.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for words in
        ["BGM+961", "RFF+ABT:AB1234", "PROOF OF REPORT", "Proof of report: AB1234", "lodged_interchanges_total"]
    {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_demonstration_that_stays_can_be_spoken_to() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let mut child =
        program().args(["demo", "--stay"]).env("TMPDIR", folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let lines: Vec<String> = lines.take_while(|line| !line.starts_with("The gateway runs until")).collect();
    let proposed = |name: &str, more: &[&str]| {
        let line = lines.iter().find(|line| line.contains(" send ") && line.contains(name)).unwrap();
        let words: Vec<&str> = line.split_whitespace().skip(1).chain(more.iter().copied()).collect();
        lodged(&words)
    };
    let again = proposed("export.edi", &[]);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(String::from_utf8_lossy(&again.stdout).contains("accepted, proof of report AB1234"));
    for (name, human) in [("export.edi", &again), ("mistakes.edi", &proposed("mistakes.edi", &[]))] {
        let json = proposed(name, &["--json"]);
        assert_eq!(json.status.code(), human.status.code());
        says_what_people_are_told(&serde_json::from_slice(&json.stdout).unwrap(), &human.stdout);
    }
    assert_eq!(proposed("export.edi", &["--json", "--raw"]).status.code(), Some(2));
    let refused = proposed("mistakes.edi", &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stdout).unwrap().contains("refused by syntax or directory"));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success() && child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// What was sent is told to programs as it is to people, line by line.
fn says_what_people_are_told(document: &Value, human: &[u8]) {
    let human = String::from_utf8(human.to_vec()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut told: Vec<String> = Vec::new();
    for answer in document["answers"].as_array().unwrap() {
        assert!(text(&answer["text"]).starts_with("UNB+UNOC:3+LODGED+ACMEFWD:ZZ+"));
        for segment in answer["segments"].as_array().unwrap() {
            told.push(format!("{}' {}", text(&segment["text"]), text(&segment["words"])));
        }
        told.push(String::new());
    }
    for interchange in document["interchanges"].as_array().unwrap() {
        let of = text(&interchange["reference"]);
        for said in interchange["said"].as_array().unwrap() {
            let part = |key: &str| said[key].as_str().unwrap_or_default();
            told.push(match part("kind") {
                "acknowledged" => format!("{of}: well built"),
                "syntax-refused" => format!("{of}: refused by syntax or directory"),
                "refused" => format!("{of}: declaration {} refused", part("declaration")),
                "accepted" => {
                    format!("{of}: declaration {} accepted, proof of report {}", part("declaration"), part("proof"))
                }
                kind => format!("{of}: {kind}, which is not known"),
            });
            told.extend(said["findings"].as_array().unwrap().iter().map(text));
        }
    }
    assert_eq!(
        (&document["document"], &document["earlier"], &document["answers_left_out"]),
        (&1.into(), &0.into(), &0.into())
    );
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (told, human): (Vec<_>, Vec<_>) =
        (told.iter().map(|line| squeezed(line)).collect(), human.lines().map(squeezed).collect());
    assert_eq!(told, human);
    for key in [
        "interchanges",
        "reference",
        "said",
        "kind",
        "declaration",
        "proof",
        "findings",
        "earlier",
        "answers",
        "text",
        "segments",
        "words",
        "answers_left_out",
    ] {
        assert!(
            include_str!("../docs/commands.md").contains(&format!("`{key}`")),
            "docs/commands.md says nothing of {key}"
        );
    }
}

#[test]
fn the_manual_shows_every_command() {
    let manual = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md")).unwrap();
    let help = String::from_utf8(lodged(&["--help"]).stdout).unwrap();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let lines = commands.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    for name in lines.filter_map(|line| line.split_whitespace().next()) {
        assert!(name == "help" || manual.contains(&format!("\n## lodged {name}\n")), "docs/commands.md lacks {name}");
    }
}

/// Examples of the manual: the arguments, and the lines that are printed; `…` stands for any number of them.
fn examples(manual: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let blocks = manual.split("```console\n$ lodged ").skip(1).filter_map(|rest| rest.split_once("```"));
    blocks
        .map(|(block, _)| {
            let (command, output) = block.split_once('\n').unwrap();
            (command.split_whitespace().collect(), output.lines().collect())
        })
        .collect()
}

fn is_like(printed: &[&str], shown: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|from| is_like(&printed[from..], rest)),
        Some((line, rest)) => printed.split_first().is_some_and(|(first, more)| first == line && is_like(more, rest)),
    }
}

#[test]
fn the_examples_of_the_manual_are_what_is_printed() {
    let manual = include_str!("../docs/commands.md");
    let examples = examples(manual);
    assert!(examples.len() > 4, "the manual has lost its examples");
    for (arguments, shown) in examples {
        let printed = without_times(&String::from_utf8(lodged(&arguments).stdout).unwrap());
        let shown = without_times(&shown.join("\n"));
        let (printed, shown): (Vec<&str>, Vec<&str>) = (printed.lines().collect(), shown.lines().collect());
        assert!(is_like(&printed, &shown), "lodged {}:\n{}", arguments.join(" "), printed.join("\n"));
    }
}
