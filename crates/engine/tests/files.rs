//! Arrays in npy files, for every kind of layout.

mod common;

use common::{array, counting, elements, everywhere, layouts, session};
use distarray_engine::SessionError;
use distarray_engine::client::NpyFile;

#[test]
fn what_is_saved_can_be_loaded_in_any_layout() {
    let folder = std::env::temp_dir().join(format!("distarray-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("array.npy");
    everywhere(|engines, session| {
        for shape in [&[0][..], &[11], &[5, 6]] {
            let layouts = layouts(shape, engines);
            for layout in &layouts {
                array(session, layout).save_npy(&path, None).unwrap();
                let file = NpyFile::open(&path, 0).unwrap();
                let other = layouts[layouts.len() / 2].clone();
                let loaded = file.load(session, other).unwrap();
                assert_eq!(elements(&loaded), counting(shape).to_vec::<f64>().unwrap());
            }
        }
    });
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_file_of_another_shape_is_refused() {
    let path = std::env::temp_dir().join(format!("distarray-shape-{}.npy", std::process::id()));
    let session = session(2);
    array(&session, &layouts(&[11], 2)[0]).save_npy(&path, None).unwrap();
    let file = NpyFile::open(&path, 0).unwrap();
    let refused = file.load(&session, layouts(&[12], 2)[0].clone());
    assert!(matches!(refused, Err(SessionError::Value(_))));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_save_that_fails_leaves_nothing_behind() {
    let session = session(2);
    let missing = std::env::temp_dir().join("distarray-no-such-folder").join("array.npy");
    let failed = array(&session, &layouts(&[11], 2)[0]).save_npy(&missing, None);
    assert!(matches!(failed, Err(SessionError::Storage(_))));
}
