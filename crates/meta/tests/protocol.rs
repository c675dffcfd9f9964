//! Dimension dictionaries: what is accepted, what is refused and why, and that maps survive the
//! way through them.

use distarray_meta::protocol::{Dialect, DimDict, GlobalDimDict, RawDict, RawValue, check_axis};
use distarray_meta::{AxisMap, Distribution, Indices, MetaError};
use proptest::prelude::*;

fn int(integer: i64) -> RawValue {
    RawValue::Integer(integer)
}

fn text(text: &str) -> RawValue {
    RawValue::Text(text.into())
}

fn pair(left: i64, right: i64) -> RawValue {
    RawValue::Sequence(vec![int(left), int(right)])
}

fn buffer(integers: &[i64]) -> RawValue {
    RawValue::Buffer(integers.into())
}

fn dict(entries: &[(&str, RawValue)]) -> RawDict {
    entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn with(dict: &RawDict, key: &str, value: RawValue) -> RawDict {
    let mut changed = dict.clone();
    changed.insert(key, value);
    changed
}

fn without(dict: &RawDict, key: &str) -> RawDict {
    let mut changed = dict.clone();
    changed.remove(key);
    changed
}

/// The second of three blocks of 10.
fn block() -> RawDict {
    dict(&[
        ("dist_type", text("b")),
        ("size", int(10)),
        ("proc_grid_size", int(3)),
        ("proc_grid_rank", int(1)),
        ("start", int(4)),
        ("stop", int(8)),
        ("padding", pair(1, 1)),
        ("periodic", RawValue::Boolean(true)),
    ])
}

fn cyclic() -> RawDict {
    dict(&[
        ("dist_type", text("c")),
        ("size", int(10)),
        ("proc_grid_size", int(3)),
        ("proc_grid_rank", int(1)),
        ("start", int(2)),
        ("block_size", int(2)),
    ])
}

fn unstructured() -> RawDict {
    dict(&[
        ("dist_type", text("u")),
        ("size", int(10)),
        ("proc_grid_size", int(3)),
        ("proc_grid_rank", int(1)),
        ("indices", buffer(&[7, -2, 30])),
        ("one_to_one", RawValue::Boolean(true)),
    ])
}

fn assert_names<T: std::fmt::Debug>(result: Result<T, MetaError>, wanted: &str) {
    match result {
        Err(MetaError::Protocol { axis: 3, key, .. }) => assert_eq!(key, wanted),
        other => panic!("expected an error about {wanted:?} of axis 3, not {other:?}"),
    }
}

#[test]
fn good_dictionaries() {
    for good in [block(), cyclic(), unstructured(), RawDict::default()] {
        assert_eq!(DimDict::validate(3, &good), Ok(()), "{good:?}");
    }
    for optional in ["padding", "periodic"] {
        assert_eq!(DimDict::validate(3, &without(&block(), optional)), Ok(()));
    }
    assert_eq!(DimDict::validate(3, &without(&unstructured(), "one_to_one")), Ok(()));
    let no_elements = with(&with(&cyclic(), "size", int(1)), "start", int(1));
    assert_eq!(DimDict::validate(3, &no_elements), Ok(()));
    let no_indices = with(&unstructured(), "indices", buffer(&[]));
    assert_eq!(DimDict::validate(3, &no_indices), Ok(()));
}

#[test]
fn each_bad_key_is_named() {
    let wrong = [
        (block(), "dist_type", text("n")),
        (block(), "dist_type", int(1)),
        (block(), "size", int(-1)),
        (block(), "size", RawValue::Boolean(true)),
        (block(), "size", RawValue::Other("a float".into())),
        (block(), "proc_grid_size", int(0)),
        (block(), "proc_grid_rank", int(-1)),
        (block(), "proc_grid_rank", int(3)),
        (block(), "start", int(-1)),
        (block(), "start", int(9)),
        (block(), "stop", int(11)),
        (block(), "padding", int(1)),
        (block(), "padding", pair(-1, 1)),
        (block(), "padding", RawValue::Sequence(vec![int(1)])),
        (block(), "periodic", int(1)),
        (with(&block(), "proc_grid_rank", int(0)), "start", int(4)),
        (cyclic(), "start", int(1)),
        (cyclic(), "block_size", int(0)),
        (unstructured(), "indices", buffer(&[1, 2, 1])),
        (unstructured(), "indices", pair(1, 2)),
        (unstructured(), "one_to_one", text("yes")),
    ];
    for (good, key, value) in wrong {
        assert_names(DimDict::validate(3, &with(&good, key, value)), key);
    }
    for key in ["dist_type", "size", "proc_grid_size", "proc_grid_rank", "start", "stop"] {
        assert_names(DimDict::validate(3, &without(&block(), key)), key);
    }
    assert_names(DimDict::validate(3, &without(&cyclic(), "start")), "start");
    assert_names(DimDict::validate(3, &without(&unstructured(), "indices")), "indices");
}

#[test]
fn messages_say_what_is_wrong() {
    let message = |raw| DimDict::validate(1, &raw).unwrap_err().to_string();
    assert_eq!(
        message(with(&block(), "stop", int(12))),
        "axis 1: \"stop\" is 12; expected at most \"size\", 10"
    );
    assert_eq!(
        message(without(&block(), "size")),
        "axis 1: \"size\" is missing; expected an integer that is at least 0"
    );
    assert_eq!(
        message(with(&unstructured(), "indices", buffer(&[5, 5]))),
        "axis 1: \"indices\" has 5 more than once"
    );
}

#[test]
fn our_own_dialect_has_defaults() {
    let parse = |raw: &RawDict| DimDict::parse(0, raw, Dialect::DistArray, None).unwrap();
    let whole = parse(&dict(&[("dist_type", text("n")), ("size", int(5))]));
    assert_eq!(whole.indices().to_vec(), [0, 1, 2, 3, 4]);
    let cyclic = without(&cyclic(), "start");
    assert_eq!(parse(&cyclic).indices().to_vec(), [2, 3, 8, 9]);
    assert_eq!(parse(&with(&unstructured(), "indices", pair(4, 3))).indices().to_vec(), [4, 3]);
}

#[test]
fn the_length_of_the_buffer_counts() {
    let parse = |raw: &RawDict, extent| DimDict::parse(3, raw, Dialect::Protocol, Some(extent));
    assert_eq!(parse(&RawDict::default(), 7).unwrap(), DimDict::undistributed(7));
    assert!(parse(&block(), 4).is_ok());
    assert!(parse(&cyclic(), 4).is_ok());
    assert!(parse(&unstructured(), 3).is_ok());
    assert_names(parse(&block(), 5), "stop");
    assert_names(parse(&cyclic(), 5), "size");
    assert_names(parse(&unstructured(), 5), "indices");
}

fn blocks(size: usize, ranges: &[(usize, usize)], padding: &[(i64, i64)]) -> Vec<DimDict> {
    let parse = |(place, (&(start, stop), &(left, right)))| {
        let raw = dict(&[
            ("dist_type", text("b")),
            ("size", int(size as i64)),
            ("proc_grid_size", int(ranges.len() as i64)),
            ("proc_grid_rank", int(place as i64)),
            ("start", int(start as i64)),
            ("stop", int(stop as i64)),
            ("padding", pair(left, right)),
        ]);
        DimDict::parse(3, &raw, Dialect::Protocol, None).unwrap()
    };
    ranges.iter().zip(padding).enumerate().map(|(p, (a, b))| parse((p, (a, b)))).collect()
}

#[test]
fn neighbours_must_agree() {
    let none = [(0, 0); 3];
    let check = |dim_dicts: Vec<DimDict>| check_axis(3, &dim_dicts, Dialect::Protocol);
    assert!(check(blocks(10, &[(0, 4), (4, 4), (4, 10)], &none)).is_ok());
    assert!(check(blocks(10, &[(0, 4), (4, 8), (8, 10)], &[(4, 1), (1, 2), (2, 3)])).is_ok());
    assert_names(check(blocks(10, &[(0, 4), (5, 8), (8, 10)], &none)), "start");
    assert_names(check(blocks(10, &[(0, 4), (3, 8), (8, 10)], &none)), "start");
    assert_names(check(blocks(10, &[(0, 4), (4, 8), (8, 9)], &none)), "stop");
    let facing = [(0, 1), (2, 0), (0, 0)];
    assert_names(check(blocks(10, &[(0, 4), (4, 8), (8, 10)], &facing)), "padding");
    let wide = [(0, 0), (0, 3), (3, 0)];
    assert_names(check(blocks(10, &[(0, 4), (4, 8), (8, 10)], &wide)), "padding");
    let ours = blocks(10, &[(0, 4), (4, 8), (8, 10)], &wide);
    assert!(check_axis(3, &ours, Dialect::DistArray).is_ok());
    assert_names(
        check(blocks(10, &[(0, 4), (4, 8), (8, 10)], &none)[..2].to_vec()),
        "proc_grid_size",
    );
    let mut swapped = blocks(10, &[(0, 5), (5, 10)], &none[..2]);
    swapped.swap(0, 1);
    assert_names(check(swapped), "proc_grid_rank");
    let mut sizes = blocks(10, &[(0, 5), (5, 10)], &none[..2]);
    sizes[1].size = 11;
    assert_names(check(sizes), "size");
    assert_names(check(Vec::new()), "proc_grid_size");
}

#[test]
fn one_to_one_is_a_promise() {
    let piece = |place, indices: &[i64]| {
        let raw = with(&unstructured(), "proc_grid_rank", int(place));
        let raw = with(&with(&raw, "proc_grid_size", int(2)), "indices", buffer(indices));
        DimDict::parse(3, &raw, Dialect::Protocol, None).unwrap()
    };
    assert!(check_axis(3, &[piece(0, &[1, 2]), piece(1, &[4, 3])], Dialect::Protocol).is_ok());
    assert_names(
        check_axis(3, &[piece(0, &[1, 2]), piece(1, &[2, 3])], Dialect::Protocol),
        "one_to_one",
    );
}

#[test]
fn overlapping_ranges_are_owned_once() {
    let overlapping = blocks(12, &[(0, 6), (4, 9), (7, 12)], &[(0, 1), (1, 1), (1, 0)]);
    let map = AxisMap::from_dim_dicts(3, &overlapping).unwrap();
    let pieces: Vec<Vec<i64>> = (0..3).map(|place| map.piece(place).to_vec()).collect();
    assert_eq!(pieces, [vec![0, 1, 2, 3, 4], vec![5, 6, 7], vec![8, 9, 10, 11]]);
    let adjacent = blocks(12, &[(0, 5), (5, 8), (8, 12)], &[(0, 1), (1, 1), (1, 0)]);
    assert_eq!(map.dim_dicts(), adjacent);
    assert_eq!(AxisMap::from_dim_dicts(3, &adjacent).unwrap(), map);
    let two_widths = blocks(12, &[(0, 5), (5, 8), (8, 12)], &[(0, 1), (1, 2), (2, 0)]);
    assert_eq!(AxisMap::from_dim_dicts(3, &two_widths).unwrap().dim_dicts(), two_widths);
}

#[test]
fn documented_padding() {
    let padded = |bounds: &[i64]| {
        let raw = dict(&[
            ("dist_type", text("b")),
            ("bounds", RawValue::Sequence(bounds.iter().map(|&bound| int(bound)).collect())),
            ("comm_padding", int(1)),
            ("boundary_padding", int(2)),
        ]);
        let map = GlobalDimDict::parse(0, &raw).unwrap().to_map(0).unwrap();
        let padding = |dim_dict: &DimDict| dim_dict.to_raw().get("padding").cloned().unwrap();
        map.dim_dicts().iter().map(padding).collect::<Vec<_>>()
    };
    assert_eq!(padded(&[0, 3, 6, 9]), [pair(2, 1), pair(1, 1), pair(1, 2)]);
    assert_eq!(padded(&[0, 9]), [pair(2, 2)]);
}

#[test]
fn global_dictionaries() {
    let map = |entries: &[(&str, RawValue)]| {
        GlobalDimDict::parse(3, &dict(entries)).and_then(|global| global.to_map(3))
    };
    let block = |bounds| map(&[("dist_type", text("b")), ("bounds", bounds)]);
    assert_eq!(
        block(buffer(&[0, 2, 2, 7])).unwrap(),
        AxisMap::block_with_bounds(vec![0, 2, 2, 7]).unwrap()
    );
    for bounds in [&[0][..], &[1, 2], &[0, 5, 2], &[0, -1]] {
        assert_names(block(buffer(bounds)), "bounds");
    }
    let cyclic = [("dist_type", text("c")), ("size", int(9)), ("proc_grid_size", int(2))];
    assert_eq!(map(&cyclic).unwrap(), AxisMap::cyclic(9, 2));
    assert_eq!(
        GlobalDimDict::parse(3, &with(&dict(&cyclic), "block_size", int(3))).unwrap().to_map(3),
        Ok(AxisMap::block_cyclic(9, 2, 3))
    );
    assert_names(map(&cyclic[..2]), "proc_grid_size");
    assert_eq!(map(&[("dist_type", text("n")), ("size", int(4))]).unwrap(), AxisMap::no_dist(4));
    let pieces = |pieces: &[RawValue]| {
        map(&[("dist_type", text("u")), ("indices", RawValue::Sequence(pieces.to_vec()))])
    };
    assert_eq!(
        pieces(&[buffer(&[2, 0]), pair(1, 3), buffer(&[])]).unwrap(),
        AxisMap::unstructured(
            4,
            vec![
                Indices::from_list(vec![2, 0]),
                Indices::from_list(vec![1, 3]),
                Indices::from_list(vec![])
            ]
        )
        .unwrap()
    );
    assert_names(pieces(&[buffer(&[2, 0]), text("abc")]), "indices");
    assert_names(pieces(&[buffer(&[2, 0]), buffer(&[0, 1])]), "indices");
    assert_names(pieces(&[]), "indices");
}

#[test]
fn ranks_fill_a_grid_in_c_order() {
    let maps = vec![AxisMap::block(7, 2), AxisMap::cyclic(5, 3)];
    let distribution = Distribution::new(maps, vec![3, 4, 5, 8, 9, 10]).unwrap();
    let good: Vec<Vec<DimDict>> = (0..6).map(|rank| distribution.dim_data(rank)).collect();
    let parse =
        |ranks: &[Vec<DimDict>]| Distribution::from_dim_data_per_rank(ranks, &[10, 9, 8, 5, 4, 3]);
    assert_eq!(parse(&good), Ok(distribution));
    assert!(matches!(parse(&good[..5]), Err(MetaError::Invalid { .. })));
    assert!(matches!(parse(&[]), Err(MetaError::Invalid { .. })));
    let mut swapped = good.clone();
    swapped.swap(1, 2);
    assert!(
        matches!(parse(&swapped), Err(MetaError::Protocol { axis: 1, key, .. }) if key == "proc_grid_rank")
    );
    let mut contradiction = good.clone();
    contradiction[4][0].size = 8;
    assert!(
        matches!(parse(&contradiction), Err(MetaError::Protocol { axis: 0, key, .. }) if key == "size")
    );
    let mut ragged = good;
    ragged[5].pop();
    assert!(matches!(parse(&ragged), Err(MetaError::Invalid { .. })));
}

#[test]
fn no_axes() {
    let distribution = Distribution::from_dim_data_per_rank(&[Vec::new()], &[7, 8]).unwrap();
    assert_eq!((distribution.ndim(), distribution.targets()), (0, &[7][..]));
    assert!(distribution.dim_data(0).is_empty());
}

fn any_map() -> impl Strategy<Value = AxisMap> {
    let bounds = prop::collection::vec(0usize..6, 1..5).prop_map(|lengths| {
        let mut bounds = vec![0];
        for length in lengths {
            bounds.push(bounds[bounds.len() - 1] + length);
        }
        AxisMap::block_with_bounds(bounds).unwrap()
    });
    let pieces = (Just((0..12).collect::<Vec<i64>>()).prop_shuffle(), 0usize..13, 1usize..4)
        .prop_map(|(order, cut, places)| {
            let mut pieces = vec![Indices::from_list(order[..cut].to_vec())];
            pieces.push(Indices::from_list(order[cut..].to_vec()));
            pieces.resize(places + 1, Indices::from_list(Vec::new()));
            AxisMap::unstructured(12, pieces).unwrap()
        });
    prop_oneof![
        (0usize..20).prop_map(AxisMap::no_dist),
        (0usize..20, 1usize..6).prop_map(|(size, places)| AxisMap::block(size, places)),
        (0usize..20, 1usize..6, 1usize..4)
            .prop_map(|(size, places, block)| AxisMap::block_cyclic(size, places, block)),
        bounds,
        pieces,
    ]
}

proptest! {
    #[test]
    fn maps_survive_the_way_through_dictionaries(map in any_map()) {
        let raw: Vec<RawDict> = map.dim_dicts().iter().map(DimDict::to_raw).collect();
        let mut parsed = Vec::new();
        for (place, raw) in raw.iter().enumerate() {
            let extent = Some(map.piece_len(place));
            let dim_dict = DimDict::parse(0, raw, Dialect::DistArray, extent).unwrap();
            prop_assert_eq!(dim_dict.indices().to_vec(), map.piece(place).to_vec());
            parsed.push(dim_dict);
        }
        prop_assert_eq!(AxisMap::from_dim_dicts(0, &parsed), Ok(map));
    }

    #[test]
    fn distributions_survive_the_way_through_dictionaries(
        maps in prop::collection::vec(any_map(), 0..4),
    ) {
        let places: usize = maps.iter().map(AxisMap::grid_size).product();
        let distribution = Distribution::new(maps, (0..places).collect()).unwrap();
        let ranks: Vec<_> = (0..places).map(|rank| distribution.dim_data(rank)).collect();
        let targets: Vec<usize> = (0..places).rev().collect();
        prop_assert_eq!(Distribution::from_dim_data_per_rank(&ranks, &targets), Ok(distribution));
    }

    #[test]
    fn whatever_a_dictionary_holds_an_error_names_a_key_of_its_axis(
        keys in prop::collection::vec((0usize..9, -2i64..12), 0..10),
        letter in prop::sample::select(vec!["n", "b", "c", "u", "x"]),
    ) {
        let names = ["size", "proc_grid_size", "proc_grid_rank", "start", "stop", "padding",
            "block_size", "indices", "periodic"];
        let mut raw = dict(&[("dist_type", text(letter))]);
        for (key, value) in keys {
            let value = match names[key] {
                "padding" => pair(value, 1),
                "indices" => buffer(&[value, 3]),
                "periodic" => RawValue::Boolean(value > 3),
                _ => int(value),
            };
            raw.insert(names[key], value);
        }
        for dialect in [Dialect::Protocol, Dialect::DistArray] {
            match DimDict::parse(3, &raw, dialect, None) {
                Ok(dim_dict) => {
                    let size = dim_dict.size as i64;
                    let in_order = letter == "u" || dim_dict.indices().iter().all(|i| i < size);
                    prop_assert!(in_order);
                }
                Err(error) => prop_assert!(error.to_string().starts_with("axis 3: "), "{}", error),
            }
        }
    }
}
