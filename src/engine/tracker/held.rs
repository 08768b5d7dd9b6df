//! What was held back and waits for its object to change, while what held it back has ended otherwise.

use super::Tracker;

impl Tracker {
    /// Protections have changed: every step that was held back is looked at again, whatever it waits for.
    pub fn look_again_at_held(&mut self) {
        for slot in self.slots.slots() {
            let entry = self.slots.get_mut(slot);
            if entry.progress.look_again_at_held() && !entry.busy {
                self.arm(slot);
            }
        }
    }
}
