//! Things that JavaScript holds by number.

/// The bits of a handle that say where the value is; those above say which value of that place it was given out for.
const PLACE_BITS: u32 = 24;
const PLACES: usize = 1 << PLACE_BITS;

/// Values by handle. A place is used again, but not its handle: one that outlived its value finds nothing, until 256
/// other values have been in its place.
pub(in crate::wasm) struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

struct Slot<T> {
    handle: u32,
    value: Option<T>,
}

impl<T> Table<T> {
    pub(in crate::wasm) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    pub(in crate::wasm) fn add(&mut self, value: T) -> u32 {
        if let Some(slot) = self.free.pop().and_then(|place| self.slots.get_mut(place as usize)) {
            slot.handle = slot.handle.wrapping_add(1 << PLACE_BITS);
            slot.value = Some(value);
            return slot.handle;
        }
        // So many values do not fit into the memory of a module.
        let handle = (self.slots.len() % PLACES) as u32;
        self.slots.push(Slot { handle, value: Some(value) });
        handle
    }

    pub(in crate::wasm) fn get(&self, handle: u32) -> Option<&T> {
        self.slots.get(place(handle)).filter(|slot| slot.handle == handle)?.value.as_ref()
    }

    pub(in crate::wasm) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        self.slot(handle)?.value.as_mut()
    }

    /// Lends a value out; [`Table::put`] brings it back.
    #[cfg(feature = "session")]
    pub(in crate::wasm) fn take(&mut self, handle: u32) -> Option<T> {
        self.slot(handle)?.value.take()
    }

    #[cfg(feature = "session")]
    pub(in crate::wasm) fn put(&mut self, handle: u32, value: T) {
        if let Some(slot) = self.slot(handle) {
            slot.value = Some(value);
        }
    }

    pub(in crate::wasm) fn remove(&mut self, handle: u32) {
        if self.slot(handle).and_then(|slot| slot.value.take()).is_some() {
            self.free.push(place(handle) as u32);
        }
    }

    fn slot(&mut self, handle: u32) -> Option<&mut Slot<T>> {
        self.slots.get_mut(place(handle)).filter(|slot| slot.handle == handle)
    }
}

const fn place(handle: u32) -> usize {
    handle as usize % PLACES
}
