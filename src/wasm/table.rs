//! Things that JavaScript holds by number.

/// Values by handle. The handle of a value that was removed is used again.
pub(super) struct Table<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Table<T> {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    pub(super) fn add(&mut self, value: T) -> u32 {
        let handle = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(handle as usize) {
            Some(slot) => *slot = Some(value),
            None => self.slots.push(Some(value)),
        }
        handle
    }

    pub(super) fn get(&self, handle: u32) -> Option<&T> {
        self.slots.get(handle as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        self.slots.get_mut(handle as usize)?.as_mut()
    }

    /// Lends a value out; [`Table::put`] brings it back.
    #[cfg(feature = "session")]
    pub(super) fn take(&mut self, handle: u32) -> Option<T> {
        self.slots.get_mut(handle as usize)?.take()
    }

    #[cfg(feature = "session")]
    pub(super) fn put(&mut self, handle: u32, value: T) {
        if let Some(slot) = self.slots.get_mut(handle as usize) {
            *slot = Some(value);
        }
    }

    pub(super) fn remove(&mut self, handle: u32) {
        if self.slots.get_mut(handle as usize).and_then(Option::take).is_some() {
            self.free.push(handle);
        }
    }
}
