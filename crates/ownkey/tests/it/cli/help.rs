//! The help texts, word for word. `INSTA_UPDATE=always` writes them.

use std::process::Command;

#[test]
fn the_help_texts_are_the_ones_kept() {
    for words in [
        "",
        "serve",
        "credential",
        "credential add",
        "credential delete",
        "token",
        "token create",
        "models",
        "chat",
        "usage",
        "config",
        "audit",
        "user",
        "user add",
        "completions",
    ] {
        let mut command = Command::new(super::BINARY);
        command.args(words.split_whitespace()).arg("--help").env_clear();
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words}");
        let name = if words.is_empty() { "ownkey".to_owned() } else { words.replace(' ', "_") };
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(format!("help_{name}"), String::from_utf8(output.stdout).unwrap());
        });
    }
}
