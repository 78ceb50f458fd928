//! Who may pass a door, as a sentence.

use domain::access::Need;

/// The sentence for what a door needs.
pub(super) const fn sentence(need: Need) -> &'static str {
    match need {
        Need::Nothing => "Anybody may ask.",
        Need::CallModels => "Needs a gateway token with the scope `models`, or a sign-in.",
        Need::OwnAccount => "Needs a sign-in; a gateway token does not pass.",
        Need::ManageCredentials => "Needs a gateway token with the scope `manage:credentials`, or a sign-in.",
        Need::SignedIn => "Needs a sign-in and the password again; a gateway token does not pass.",
        Need::ManageTokens => "Needs a gateway token with the scope `manage:tokens`, or a sign-in.",
        Need::ManageUsers => "Needs an admin who signed in; a gateway token does not pass.",
        Need::ReadUsage => "Needs a gateway token with the scope `read:usage`, or a sign-in.",
        Need::FollowEvents => {
            "Needs a gateway token with the scope `manage:credentials` or `read:usage`, or a sign-in; each event is told \
             only to whoever may read what it is about."
        }
        Need::ReadAudit => {
            "Needs an admin, of the server or of the organization that is named: a sign-in, or a gateway token with the scope `read:audit`."
        }
        Need::Metrics => {
            "Needs a gateway token with the scope `metrics` or an admin's sign-in; from this machine itself, nothing."
        }
    }
}
