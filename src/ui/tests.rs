//! What goes where, and that nothing panics.

use super::*;

#[test]
fn results_go_to_stdout_and_the_rest_to_stderr() {
    let (ui, memory) = Ui::memory(None);
    ui.result("a plan\n");
    ui.result("without newline");
    ui.note("n");
    ui.warn("w");
    ui.error("e");
    ui.status("s");
    ui.report("");
    assert_eq!(memory.stdout(), "a plan\nwithout newline\n");
    assert_eq!(memory.stderr(), "note: n\nwarning: w\nerror: e\ns\n");
    ui.finish().unwrap();
}

#[test]
fn quiet_leaves_warnings() {
    let (mut ui, memory) = Ui::memory(None);
    ui.quiet = true;
    ui.note("n");
    ui.status("s");
    ui.progress("reading", None).step("x");
    ui.warn("w");
    assert_eq!(memory.stderr(), "warning: w\n");
}

#[test]
fn nobody_is_asked_where_nobody_is() {
    let (ui, memory) = Ui::memory(None);
    assert_eq!(ui.confirm("Apply?"), None);
    assert_eq!(ui.ask("ID?", |text| text.parse::<u32>()), None);
    assert_eq!(memory.stderr(), "");
}

#[test]
fn only_yes_means_yes() {
    for (typed, meant) in [
        ("y\n", Some(true)),
        ("YES\r\n", Some(true)),
        ("\n", Some(false)),
        ("yes please\n", Some(false)),
        ("", None),
    ] {
        let (ui, memory) = Ui::memory(Some(typed));
        assert_eq!(ui.confirm("Apply?"), meant, "{typed:?}");
        assert_eq!(memory.stderr(), "Apply? [y/N] ");
    }
}

#[test]
fn a_question_is_repeated_until_the_answer_fits() {
    let (ui, memory) = Ui::memory(Some("x\n 7 \n8\n"));
    assert_eq!(ui.ask("How many?", |text| text.parse::<u32>()), Some(7));
    assert_eq!(ui.ask("How many?", |text| text.parse::<u32>()), Some(8));
    assert_eq!(ui.ask("How many?", |text| text.parse::<u32>()), None);
    assert!(memory.stderr().starts_with("How many? warning: invalid digit"), "{}", memory.stderr());
}

#[test]
fn without_a_terminal_progress_is_one_line_per_step() {
    let (ui, memory) = Ui::memory(None);
    let progress = ui.progress("applying", Some(2));
    progress.step("a");
    progress.waiting("rate limit, 3 seconds");
    progress.step("b");
    drop(progress);
    assert_eq!(
        memory.stderr(),
        "applying [1/2] a\napplying: waiting: rate limit, 3 seconds\napplying [2/2] b\n"
    );
}

/// A stream that fails.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure_and_a_full_disk_is() {
    let broken = |kind| Ui::to(Box::new(Broken(kind)), Box::new(io::sink()), None);
    let ui = broken(io::ErrorKind::BrokenPipe);
    ui.result("x");
    ui.finish().unwrap();
    let ui = broken(io::ErrorKind::StorageFull);
    ui.result("x");
    assert_eq!(ui.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
}

#[test]
fn the_width_has_bounds() {
    assert_eq!([None, Some(20), Some(100), Some(300)].map(columns), [80, 80, 100, 120]);
}

#[test]
fn the_locale_says_which_characters_there_are() {
    let with = |set: &'static [(&str, &str)]| {
        is_unicode(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    };
    assert!(with(&[]));
    assert!(with(&[("LANG", "de_DE.UTF-8")]));
    assert!(with(&[("LC_ALL", ""), ("LANG", "C.utf8")]));
    assert!(!with(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
}
