//! What the totals of a day tell apart: a report over a long time reads those
//! with no more in them than it shows.

/// What is told apart beside organizations and the scope of the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) provider: bool,
    pub(crate) model: bool,
    pub(crate) source: bool,
    pub(crate) team: bool,
}

impl Told {
    const fn has(self, wanted: Self) -> bool {
        (self.provider || !wanted.provider)
            && (self.model || !wanted.model)
            && (self.source || !wanted.source)
            && (self.team || !wanted.team)
    }
}

/// One set of lines among the totals of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Nothing of it.
    Scope,
    /// The provider.
    Provider,
    /// Where calls come from.
    Source,
    /// The team.
    Team,
    /// The provider and its model.
    Model,
    /// All of it.
    Everything,
}

impl Detail {
    /// The fewest lines first.
    const ALL: [Self; 6] = [Self::Scope, Self::Provider, Self::Source, Self::Team, Self::Model, Self::Everything];

    /// The column of the table that names it.
    pub(crate) const fn span(self) -> &'static str {
        match self {
            Self::Scope => "day-scope",
            Self::Provider => "day-provider",
            Self::Source => "day-source",
            Self::Team => "day-team",
            Self::Model => "day-model",
            Self::Everything => "day",
        }
    }

    /// The same of its months: few of the sets are kept by month.
    pub(crate) const fn span_of_months(self, of_server: bool) -> &'static str {
        match self {
            Self::Scope | Self::Team if !of_server => "month-team",
            _ => "month",
        }
    }

    /// Whether months are kept of this set, and not only days.
    pub(super) const fn has_months(self) -> bool {
        matches!(self, Self::Team | Self::Everything)
    }

    pub(crate) const fn told(self) -> Told {
        let nothing = Told { provider: false, model: false, source: false, team: false };
        match self {
            Self::Scope => nothing,
            Self::Provider => Told { provider: true, ..nothing },
            Self::Source => Told { source: true, ..nothing },
            Self::Team => Told { team: true, ..nothing },
            Self::Model => Told { provider: true, model: true, ..nothing },
            Self::Everything => Told { provider: true, model: true, source: true, team: true },
        }
    }

    /// The set with the fewest lines that tells all of this apart.
    pub(crate) fn of(wanted: Told) -> Self {
        Self::ALL.into_iter().find(|detail| detail.told().has(wanted)).unwrap_or(Self::Everything)
    }

    /// What there is: each of organizations, and of the whole server, where teams
    /// are not told apart.
    pub(super) fn kept() -> impl Iterator<Item = (Self, bool)> {
        Self::ALL
            .into_iter()
            .flat_map(|detail| [(detail, false), (detail, true)])
            .filter(|kept| *kept != (Self::Team, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_what_tells_just_enough_apart() {
        let nothing = Told::default();
        for (wanted, detail) in [
            (nothing, Detail::Scope),
            (Told { provider: true, ..nothing }, Detail::Provider),
            (Told { model: true, ..nothing }, Detail::Model),
            (Told { provider: true, model: true, ..nothing }, Detail::Model),
            (Told { source: true, ..nothing }, Detail::Source),
            (Told { team: true, ..nothing }, Detail::Team),
            (Told { team: true, source: true, ..nothing }, Detail::Everything),
            (Told { provider: true, source: true, ..nothing }, Detail::Everything),
        ] {
            assert_eq!(Detail::of(wanted), detail, "{wanted:?}");
        }
    }
}
