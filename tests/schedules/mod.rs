//! Whole pools under random schedules.
