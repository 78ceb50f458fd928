//! Lines go in and come out; what is torn is not a call; a file is emptied only
//! when every line of it is a row.

use std::io::Write as _;

use super::*;
use crate::open::Store;
use crate::testing::{NOW, Place, attempt, entropy};
use domain::ids::{OrganizationId, TeamId, TokenId, UserId};

fn calls(store: &Store, number: usize) -> Vec<AttemptStart> {
    (0..number).map(|_| attempt(store, UserId::generate(NOW, &entropy()), NOW)).collect()
}

fn write(journal: &mut Journal, start: &AttemptStart) -> Side {
    let line = Journal::line(start).unwrap();
    let page = journal.announce(line.len()).unwrap();
    page.write(&line).unwrap();
    page.side
}

#[tokio::test]
async fn a_call_comes_out_as_it_went_in() {
    let place = Place::sqlite();
    let store = place.open().await;
    let mut starts = calls(&store, 3);
    starts[0].client_request_id = Some("mine-1".to_owned());
    starts[0].token = Some(TokenId::generate(NOW, &entropy()));
    starts[0].team = Some(TeamId::generate(NOW, &entropy()));
    starts[0].organization = Some(OrganizationId::generate(NOW, &entropy()));
    (starts[1].price, starts[1].alias, starts[1].streamed) = (None, None, false);
    starts[2].requested_model = "\"quoted\"\n and\\ a line — of two\u{0}".to_owned();
    let (mut journal, left) = Journal::open(&place.file()).unwrap();
    assert_eq!(left, []);
    for start in &starts {
        write(&mut journal, start);
    }
    assert_eq!(journal.open_lines(), 3);
    let (_, left) = Journal::open(&place.file()).unwrap();
    assert_eq!(left, starts);
    store.close().await;
}

#[tokio::test]
async fn a_line_torn_at_any_byte_is_no_call_and_harms_no_other() {
    let place = Place::sqlite();
    let store = place.open().await;
    let starts = calls(&store, 2);
    let (whole, torn) = (Journal::line(&starts[0]).unwrap(), Journal::line(&starts[1]).unwrap());
    // But for the line break it is whole.
    for bytes in 0..torn.len() - 1 {
        std::fs::write(path(&place.file(), 0), [&whole, &torn[..bytes]].concat()).unwrap();
        assert_eq!(Journal::open(&place.file()).unwrap().1, starts[..1], "{bytes} bytes of the last line");
        std::fs::write(path(&place.file(), 0), [&torn[..bytes], &whole].concat()).unwrap();
        assert_eq!(Journal::open(&place.file()).unwrap().1, starts[..1], "{bytes} bytes of the first line");
    }
    let torn = torn.trim_ascii();
    assert_eq!(record::decode(torn), Some(starts[1].clone()));
    for place_in_line in [0, 8, 9, 40, torn.len() - 1] {
        let mut wrong = torn.to_owned();
        wrong[place_in_line] ^= 1;
        assert_eq!(record::decode(&wrong), None, "byte {place_in_line}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_file_is_emptied_when_its_lines_are_rows_and_the_other_goes_on() {
    let place = Place::sqlite();
    let store = place.open().await;
    let starts = calls(&store, 6);
    let length = Journal::line(&starts[0]).unwrap().len() as u64;
    let (journal, _) = Journal::open(&place.file()).unwrap();
    let mut journal = journal.full_at(2 * length - 10);
    let sides: Vec<_> = starts[..3].iter().map(|start| write(&mut journal, start)).collect();
    assert_eq!(sides, [0, 0, 1]);
    journal.entered([1, 0]);
    assert!(journal.spent().is_none(), "one line of it is no row yet");
    journal.entered([1, 1]);
    let spent = journal.spent().unwrap();
    assert!(journal.spent().is_none(), "somebody has it in hand");
    journal.kept(spent.side);
    let spent = journal.spent().unwrap();
    // Not emptied yet, so the other file goes on beyond its length.
    let sides: Vec<_> = starts[3..5].iter().map(|start| write(&mut journal, start)).collect();
    assert_eq!(sides, [1, 1]);
    spent.empty().unwrap();
    journal.emptied(spent.side);
    assert_eq!(write(&mut journal, &starts[5]), 0);
    let (_, left) = Journal::open(&place.file()).unwrap();
    let expected = [&starts[5], &starts[2], &starts[3], &starts[4]];
    assert_eq!(left.iter().collect::<Vec<_>>(), expected);
    journal.empty().unwrap();
    assert_eq!(Journal::open(&place.file()).unwrap().1.len(), 4, "lines that are no rows stay");
    store.close().await;
}

#[tokio::test]
async fn only_its_owner_reads_it_and_what_comes_later_follows_what_is_there() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::sqlite();
    let store = place.open().await;
    let starts = calls(&store, 2);
    let (mut journal, _) = Journal::open(&place.file()).unwrap();
    write(&mut journal, &starts[0]);
    drop(journal);
    let (mut journal, _) = Journal::open(&place.file()).unwrap();
    write(&mut journal, &starts[1]);
    assert_eq!(Journal::open(&place.file()).unwrap().1, starts);
    for side in [0, 1] {
        let mode = std::fs::metadata(path(&place.file(), side)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    store.close().await;
}

#[tokio::test]
async fn a_server_takes_over_what_a_killed_one_left_once() {
    use crate::usage;
    use domain::attempt::AttemptState;

    let place = Place::sqlite();
    let killed = place.serve(NOW).await;
    let starts = calls(&killed, 3);
    killed.ledger().dispatch(starts[0].clone()).await.unwrap();
    killed.close().await;
    drop(killed);
    // One that is a row already, one that is not, and one that was torn.
    let mut file = own_file_to_append(&path(&place.file(), 1)).unwrap();
    for start in &starts[..2] {
        file.write_all(&Journal::line(start).unwrap()).unwrap();
    }
    file.write_all(&Journal::line(&starts[2]).unwrap()[..100]).unwrap();
    for _ in 0..2 {
        let store = place.serve(NOW).await;
        for start in &starts[..2] {
            let event = usage::event(&store, start.request).await.unwrap().unwrap();
            let states: Vec<_> = event.attempts.iter().map(|attempt| attempt.state).collect();
            assert_eq!(states, [AttemptState::Unknown]);
        }
        assert_eq!(usage::event(&store, starts[2].request).await.unwrap(), None);
        usage::assert_days_are_the_calls(&store).await;
        assert_eq!(std::fs::metadata(path(&place.file(), 1)).unwrap().len(), 0);
        store.close().await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_takes_no_further_line() {
    let place = Place::sqlite();
    let store = place.open().await;
    let starts = calls(&store, 1);
    let (mut journal, _) = Journal::open(&place.file()).unwrap();
    let [first, second] = [0, 1].map(|side| File::open(path(&place.file(), side)).unwrap());
    // Files that are open for reading only.
    journal.files = Arc::new([first, second]);
    let line = Journal::line(&starts[0]).unwrap();
    assert!(journal.announce(line.len()).unwrap().write(&line).is_err());
    journal.breaks();
    assert!(journal.announce(line.len()).is_none());
    assert!(journal.spent().is_none() && journal.open_lines() == 1, "its row is on its way all the same");
    store.close().await;
}
