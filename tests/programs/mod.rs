//! Random programs against reference models.
