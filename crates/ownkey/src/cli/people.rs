//! The words of the commands for organizations and teams.

use clap::{Args, Subcommand};

/// `ownkey organization …`
#[derive(Subcommand)]
pub(crate) enum Organization {
    /// Make one; for admins of the server.
    Add {
        /// Its name.
        name: String,
        /// Its short name [default: made from the name].
        #[arg(long)]
        slug: Option<String>,
        #[command(flatten)]
        rules: Rules,
    },
    /// Yours; for admins of the server all.
    List,
    /// One of them, with its rules.
    Show {
        /// Its slug, or its id.
        organization: String,
    },
    /// Change its name or its rules.
    Set {
        /// Its slug, or its id.
        organization: String,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
        /// Nothing works in it (true), or it works again (false).
        #[arg(long, value_name = "BOOL")]
        suspended: Option<bool>,
        #[command(flatten)]
        rules: Rules,
    },
    /// Let it go: its keys are destroyed, its teams' tokens stop.
    Remove {
        /// Its slug, or its id.
        organization: String,
        /// Also when it has keys or teams.
        #[arg(long)]
        confirm: bool,
    },
    /// Who is in it.
    #[command(subcommand)]
    Member(Member),
}

/// The rules under which calls in an organization are paid.
#[derive(Args)]
pub(crate) struct Rules {
    /// In which order keys are asked: personal_first, org_first or org_only.
    #[arg(long)]
    pub(crate) order: Option<String>,
    /// How far a call may go for a key, at most: chain or strict.
    #[arg(long)]
    pub(crate) fallback: Option<String>,
    /// Whether members' own keys may pay.
    #[arg(long, value_name = "BOOL")]
    pub(crate) personal_keys: Option<bool>,
    /// Only these providers may be called.
    #[arg(long = "provider", value_name = "PROVIDER")]
    pub(crate) providers: Vec<String>,
    /// The mark-up in basis points; 2000 are twenty per cent.
    #[arg(long, value_name = "POINTS")]
    pub(crate) markup: Option<u32>,
}

/// `ownkey organization member …`
#[derive(Subcommand)]
pub(crate) enum Member {
    /// The members.
    List {
        /// The organization's slug, or its id.
        organization: String,
    },
    /// Invite somebody; prints the one-time link to pass on.
    Add {
        /// The organization's slug, or its id.
        organization: String,
        /// Their e-mail address.
        email: String,
        /// owner, admin or member.
        #[arg(long, default_value = "member")]
        role: String,
    },
    /// Give a member another role.
    Set {
        /// The organization's slug, or its id.
        organization: String,
        /// Their e-mail address.
        email: String,
        /// owner, admin or member.
        role: String,
    },
    /// Take somebody out.
    Remove {
        /// The organization's slug, or its id.
        organization: String,
        /// Their e-mail address.
        email: String,
    },
}

/// `ownkey team …`
#[derive(Subcommand)]
pub(crate) enum Team {
    /// Make one.
    Add {
        /// Its organization, by slug or id.
        organization: String,
        /// Its name.
        name: String,
        /// Only these models and aliases.
        #[arg(long = "model", value_name = "MODEL")]
        models: Vec<String>,
        /// Its own mark-up in basis points [default: the organization's].
        #[arg(long, value_name = "POINTS")]
        markup: Option<u32>,
    },
    /// Those that you belong to or look after.
    List {
        /// Of this organization, by slug or id.
        #[arg(long)]
        organization: Option<String>,
    },
    /// Change one.
    Set {
        /// Its id.
        team: String,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
        /// Its tokens do not work (true), or work again (false).
        #[arg(long, value_name = "BOOL")]
        suspended: Option<bool>,
        /// Another mark-up in basis points.
        #[arg(long, value_name = "POINTS")]
        markup: Option<u32>,
    },
    /// Let one go: its tokens stop working for good.
    Remove {
        /// Its id.
        team: String,
        /// Also when it has tokens.
        #[arg(long)]
        confirm: bool,
    },
    /// Who is in it.
    #[command(subcommand)]
    Member(TeamMember),
}

/// `ownkey team member …`
#[derive(Subcommand)]
pub(crate) enum TeamMember {
    /// The members.
    List {
        /// The team's id.
        team: String,
    },
    /// Take a member of the organization in, or give them another role.
    Set {
        /// The team's id.
        team: String,
        /// Their user id.
        user: String,
        /// member or lead.
        #[arg(long, default_value = "member")]
        role: String,
    },
    /// Take somebody out.
    Remove {
        /// The team's id.
        team: String,
        /// Their user id.
        user: String,
    },
}
