//! `--help` of every command is `contract/cli.txt`.

use std::fmt::Write;

use super::BINARY;
use crate::contract;

#[tokio::test]
async fn the_words_of_the_command_line_are_the_ones_kept() {
    let directory = tempfile::TempDir::new().unwrap();
    let mut text = String::from("Made from the code: what `--help` says, command by command.\n");
    let mut commands: Vec<String> = vec![String::new()];
    while let Some(command) = commands.pop() {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = testkit::run(BINARY, directory.path(), &[("COLUMNS", "100")], &words, None).await.expect(0).stdout;
        writeln!(text, "\n$ ownkey {}\n{}", words.join(" "), help.trim_end()).unwrap();
        commands.extend(subcommands(&help).into_iter().rev().map(|name| format!("{command} {name}")));
    }
    contract::check("cli.txt", &text);
}

/// The names in the list of commands, but `help`.
fn subcommands(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}
