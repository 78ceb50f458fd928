//! The master keys of a running process: which were given, which of them seals,
//! and those taken out since, which still open.

use std::sync::Arc;

use domain::MasterKeyId;

use super::master_key::{MasterKey, MasterKeys};
use super::{derive, hexadecimal};

/// One state of the keys; replaced as a whole.
pub(super) struct Ring {
    given: Vec<Arc<MasterKey>>,
    sealing: Arc<MasterKey>,
    /// A row read before the key was taken out may be opened after it.
    former: Vec<Arc<MasterKey>>,
}

impl Ring {
    pub(super) fn new(keys: MasterKeys) -> Self {
        // `MasterKeys` makes no empty list.
        let sealing = Arc::clone(&keys.keys[0]);
        Self { given: keys.keys, sealing, former: Vec::new() }
    }

    /// The keys given, in their order.
    pub(super) fn given(&self) -> impl Iterator<Item = &MasterKey> {
        self.given.iter().map(Arc::as_ref)
    }

    /// The keys given, to make another ring of.
    pub(super) fn shared(&self) -> Vec<Arc<MasterKey>> {
        self.given.clone()
    }

    /// The key that seals.
    pub(super) fn sealing(&self) -> &MasterKey {
        &self.sealing
    }

    /// A key that opens.
    pub(super) fn find(&self, kid: MasterKeyId) -> Option<&MasterKey> {
        self.given.iter().chain(&self.former).find(|key| key.kid == kid).map(Arc::as_ref)
    }

    /// The same keys, sealing with this one; with the first when it was not given.
    pub(super) fn sealing_with(&self, kid: MasterKeyId) -> Self {
        let sealing = self.given.iter().find(|key| key.kid == kid).unwrap_or(&self.given[0]);
        Self { given: self.given.clone(), sealing: Arc::clone(sealing), former: self.former.clone() }
    }

    /// Another list. The key that seals goes on if it is in it.
    pub(super) fn replaced_by(&self, keys: MasterKeys) -> Self {
        let known = |key: &&Arc<MasterKey>| keys.keys.iter().all(|new| new.kid != key.kid);
        let former = self.given.iter().chain(&self.former).filter(known).map(Arc::clone).collect();
        let mut ring = Self { former, ..Self::new(keys) };
        if ring.given.iter().any(|key| key.kid == self.sealing.kid) {
            ring.sealing = Arc::clone(&self.sealing);
        }
        ring
    }
}

impl MasterKey {
    /// Proves that it is the same key as before, and says nothing else about it.
    pub(super) fn check_value(&self) -> String {
        hexadecimal(derive(&self.bytes, b"ownkey/check/v1").as_slice())
    }
}
