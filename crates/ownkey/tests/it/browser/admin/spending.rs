//! Spending a budget as a program does, and reading the bill.

use domain::Nanos;
use testkit::{House, Tab};
use tokio::process::Command;

use crate::clients;

/// Calls until it is refused, with the unmodified `openai` package.
const PROGRAM: &str = "\
import os, openai
client = openai.OpenAI(base_url=os.environ['BASE'], api_key=os.environ['KEY'], max_retries=0, timeout=60)
answered = 0
while answered < 100:
    try:
        client.chat.completions.create(
            model='fast', messages=[{'role': 'user', 'content': 'Write'}], max_completion_tokens=16_000)
        answered += 1
    except openai.APIStatusError as refused:
        assert refused.status_code == 402, refused
        assert refused.code == 'budget_exceeded', refused.code
        assert \"Team Search's monthly budget of $5.00\" in refused.message, refused.message
        print(answered)
        break
";

/// How many calls were answered before one was refused for the budget. Without
/// Python the same is asked for here.
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
pub(super) async fn spent_until_402(house: &House, token: &str) -> usize {
    if let Some(python) = clients::python() {
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM]).env("BASE", format!("{}/v1", house.url)).env("KEY", token);
        let done = command.output().await.expect("Python is there");
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
        return said.trim().parse().expect("the program says how many calls were answered");
    }
    let program = house.nobody().with_token(token);
    let mut body = testkit::chat_body("fast", "Write", false);
    body["max_completion_tokens"] = 16_000.into();
    for answered in 0..100 {
        let answer = program.post("/v1/chat/completions", &body).await;
        if answer.status != 200 {
            assert_eq!(answer.expect(402).json()["error"]["code"], "budget_exceeded");
            return answered;
        }
    }
    100
}

/// Reads the organization's report and the file that it offers: so many calls,
/// each with its mark-up. What they were billed in all.
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
pub(super) async fn report_is_read_and_exported(tab: &Tab, answered: usize) -> Nanos {
    assert!((2..100).contains(&answered), "{answered} calls were answered");
    tab.go("/language-models/billing").await;
    tab.choose("Whose", "Acme").await;
    tab.click("button", "Show").await;
    tab.until("location.search.includes('whose=organization') && document.readyState === 'complete'").await;
    let file = "fetch(document.querySelector('a[download][href*=csv]').href).then((answer) => answer.text())";
    let file = tab.evaluate(file).await;
    let mut lines = file.as_str().expect("a file").lines().map(|line| line.split(',').collect::<Vec<_>>());
    let heads = lines.next().expect("the names of its columns");
    let place = |name: &str| heads.iter().position(|head| *head == name).expect("a column of this name");
    let [provider, client, team] = ["provider_cost", "client_cost", "team_name"].map(place);
    let (mut calls, mut cost, mut billed) = (0, 0, 0);
    for line in lines {
        let amount = |at: usize| Nanos::parse_usd(line[at]).expect("an amount").0;
        assert_eq!(amount(client) * 10, amount(provider) * 12, "20 per cent on what the provider charges");
        assert_eq!(line[team], "Search");
        (calls, cost, billed) = (calls + 1, cost + amount(provider), billed + amount(client));
    }
    assert_eq!(calls, answered);
    let cents = |nanos: i64| format!("${}.{:02}", nanos / 1_000_000_000, nanos % 1_000_000_000 / 10_000_000);
    for amount in [cost, billed] {
        tab.see(&cents(amount + 5_000_000)).await;
    }
    Nanos(billed)
}
