//! Mark-ups as people write them: in per cent, kept in basis points.

use app::error::Error;

/// A mark-up in basis points, from what somebody typed in per cent; `None` for
/// nothing.
pub(super) fn percent(field: &str, typed: &str) -> Result<Option<u32>, Error> {
    let typed = typed.trim().trim_end_matches('%').trim().replace(',', ".");
    if typed.is_empty() {
        return Ok(None);
    }
    let wrong = || Error::invalid(field, "is no percentage; write it like 20 or 2.5, with at most two decimals");
    let (whole, fraction) = typed.split_once('.').unwrap_or((&typed, ""));
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 2 || !is_plain(whole) || !is_plain(fraction) {
        return Err(wrong());
    }
    format!("{whole}{fraction:0<2}").parse().map(Some).map_err(|_| wrong())
}

/// `20`, `2.5`: basis points in per cent.
pub(super) fn percent_text(basis_points: u32) -> String {
    let (whole, fraction) = (basis_points / 100, basis_points % 100);
    match fraction {
        0 => whole.to_string(),
        _ => format!("{whole}.{fraction:02}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_read_to_the_basis_point() {
        for (typed, expected) in [
            ("20", Some(Some(2_000))),
            (" 2,5 % ", Some(Some(250))),
            ("0.01", Some(Some(1))),
            ("", Some(None)),
            ("2.555", None),
            ("-3", None),
            (".5", None),
            ("1e3", None),
            ("99999999999", None),
        ] {
            assert_eq!(percent("markup", typed).ok(), expected, "{typed}");
        }
    }

    #[test]
    fn basis_points_are_written_as_people_write_them() {
        for (points, text) in [(0, "0"), (2_000, "20"), (250, "2.5"), (1, "0.01"), (1_005, "10.05")] {
            assert_eq!(percent_text(points), text);
            assert_eq!(percent("markup", text).unwrap(), Some(points));
        }
    }
}
