//! Copies of a library that holds the crate, loaded into the process: see `checks/plugin.rs`.

use std::{
    env,
    ffi::{CStr, CString, c_void},
    fs, mem,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::{self, Command},
    ptr::{self, NonNull},
};

/// Builds the library if need be. Returns its path.
fn build() -> PathBuf {
    // <target>/[<triple>/]<profile>/deps/process-<hash>
    let binary = env::current_exe().unwrap();
    let place = binary.ancestors().nth(2).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--example", "plugin", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).arg("--target-dir").arg(target);
    let parts: Vec<_> = place.strip_prefix(target).unwrap().iter().collect();
    let profile = match parts.last().unwrap().to_str() {
        Some("debug") => "dev".as_ref(),
        _ => *parts.last().unwrap(),
    };
    cargo.arg("--profile").arg(profile);
    if let [triple, _] = parts[..] {
        cargo.arg("--target").arg(triple);
    }
    assert!(cargo.status().unwrap().success(), "the plugin does not build");
    let (prefix, suffix) = (env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    place.join(format!("examples/{prefix}plugin{suffix}"))
}

/// Each copy is a file of its own, so that the system loads it separately.
#[derive(Debug)]
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn copies<const N: usize>() -> [Self; N] {
        let library = build();
        std::array::from_fn(|i| {
            let name = format!("plugin-{}-{i}{}", process::id(), env::consts::DLL_SUFFIX);
            let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            fs::copy(&library, &copy).unwrap();
            Self(copy)
        })
    }

    fn open(&self, flags: i32) -> Option<NonNull<c_void>> {
        let path = CString::new(self.0.as_os_str().as_bytes()).unwrap();
        // SAFETY: a valid path, and flags. The library is `checks/plugin.rs`.
        NonNull::new(unsafe { libc::dlopen(path.as_ptr(), flags) })
    }

    pub(crate) fn load(&self) -> Plugin {
        Plugin::new(
            self.open(libc::RTLD_NOW | libc::RTLD_LOCAL).expect("the library does not load"),
        )
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.open(libc::RTLD_NOW | libc::RTLD_NOLOAD).map(close).is_some()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn close(handle: NonNull<c_void>) {
    // SAFETY: the handle comes from `dlopen`, and is closed once.
    assert_eq!(unsafe { libc::dlclose(handle.as_ptr()) }, 0);
}

/// # Safety
///
/// The handle is open, and `F` is the type of the function in the library.
unsafe fn find<F: Copy>(handle: NonNull<c_void>, name: &CStr) -> F {
    // SAFETY: an open handle, and a name.
    let function = unsafe { libc::dlsym(handle.as_ptr(), name.as_ptr()) };
    let function = NonNull::new(function).expect("a function is missing");
    // SAFETY: the caller's promise; a pointer to a function has the size of one to data.
    unsafe { mem::transmute_copy(&function) }
}

/// A guard of a plugin, whose type only the plugin knows.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Guard(NonNull<c_void>);

/// A library that is loaded, and its functions. They must not be called once it is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plugin {
    handle: usize,
    pub(crate) get: extern "C" fn() -> Guard,
    pub(crate) give_back: extern "C" fn(Guard),
    pub(crate) put: extern "C" fn(usize),
    pub(crate) take: extern "C" fn(usize) -> usize,
    pub(crate) collect: extern "C" fn(),
    pub(crate) idle: extern "C" fn() -> usize,
    pub(crate) alive: extern "C" fn() -> usize,
}

impl Plugin {
    fn new(handle: NonNull<c_void>) -> Self {
        // SAFETY: these are the types of the functions in the library.
        unsafe {
            Self {
                handle: handle.as_ptr().expose_provenance(),
                get: find(handle, c"plugin_get"),
                give_back: find(handle, c"plugin_give_back"),
                put: find(handle, c"plugin_put"),
                take: find(handle, c"plugin_take"),
                collect: find(handle, c"plugin_collect"),
                idle: find(handle, c"plugin_idle"),
                alive: find(handle, c"plugin_alive"),
            }
        }
    }

    /// Closes the library. The system keeps it loaded while threads have thread-locals of the
    /// library.
    pub(crate) fn close(self) {
        close(NonNull::new(ptr::with_exposed_provenance_mut(self.handle)).unwrap());
    }
}
