//! Which matchers and actions there are. A registry is a value: a program may add its own to the
//! standard ones, and everything that reads descriptors knows them at once.

use crate::descriptor::{ActionDescriptor, MatcherDescriptor};

/// The matchers and actions that rules can name, in the order in which they are shown.
#[derive(Clone, Debug)]
pub struct Registry {
    matchers: Vec<&'static MatcherDescriptor>,
    actions: Vec<&'static ActionDescriptor>,
}

impl Registry {
    /// Those of the rule language.
    #[must_use]
    pub fn standard() -> Self {
        Self { matchers: crate::matchers::ALL.to_vec(), actions: crate::actions::ALL.to_vec() }
    }

    /// One more matcher.
    #[must_use]
    pub fn with_matcher(mut self, descriptor: &'static MatcherDescriptor) -> Self {
        self.matchers.push(descriptor);
        self
    }

    /// One more action.
    #[must_use]
    pub fn with_action(mut self, descriptor: &'static ActionDescriptor) -> Self {
        self.actions.push(descriptor);
        self
    }

    /// All matchers.
    #[must_use]
    pub fn matchers(&self) -> &[&'static MatcherDescriptor] {
        &self.matchers
    }

    /// All actions.
    #[must_use]
    pub fn actions(&self) -> &[&'static ActionDescriptor] {
        &self.actions
    }

    /// The matcher of this name.
    #[must_use]
    pub fn matcher(&self, name: &str) -> Option<&'static MatcherDescriptor> {
        self.matchers.iter().copied().find(|descriptor| descriptor.name == name)
    }

    /// The action of this name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&'static ActionDescriptor> {
        self.actions.iter().copied().find(|descriptor| descriptor.name == name)
    }
}
