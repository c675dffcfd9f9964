//! Ways to write a number as a product.

/// The ascending tuples of `parts` factors whose product is `number`, ones included, in
/// lexicographic order.
pub fn multiplicative_partitions(number: usize, parts: usize) -> Vec<Vec<usize>> {
    partitions_from(number, parts, 1)
}

/// The same, of factors that are at least `smallest`.
pub fn partitions_from(number: usize, parts: usize, smallest: usize) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    extend(number, parts, smallest.max(1), &mut Vec::with_capacity(parts), &mut found);
    found
}

/// The divisors of `number` that are above `above` and not above `up_to`.
pub fn divisors_between(number: usize, above: usize, up_to: usize) -> Vec<usize> {
    (above + 1..=up_to).filter(|divisor| number.is_multiple_of(*divisor)).collect()
}

fn extend(
    number: usize,
    parts: usize,
    smallest: usize,
    chosen: &mut Vec<usize>,
    found: &mut Vec<Vec<usize>>,
) {
    if parts == 0 || number == 0 {
        return;
    }
    if parts == 1 {
        if number >= smallest {
            found.push(chosen.iter().copied().chain([number]).collect());
        }
        return;
    }
    // The smallest of several factors is at most the square root.
    for factor in divisors_between(number, smallest - 1, number.isqrt()) {
        chosen.push(factor);
        extend(number / factor, parts - 1, factor, chosen, found);
        chosen.pop();
    }
}

/// `values` in the order of `reference`: the smallest value where `reference` is smallest, and so
/// on; where `reference` has equal entries, smaller values come first.
///
/// # Panics
///
/// When the lengths differ.
pub fn mirror_sort<T: PartialOrd + Copy, R: PartialOrd>(values: &[T], reference: &[R]) -> Vec<T> {
    assert_eq!(values.len(), reference.len(), "mirror_sort takes sequences of one length");
    let ascending = |order: Option<std::cmp::Ordering>| order.unwrap_or(std::cmp::Ordering::Equal);
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| ascending(a.partial_cmp(b)));
    let mut places: Vec<usize> = (0..reference.len()).collect();
    places.sort_by(|&a, &b| ascending(reference[a].partial_cmp(&reference[b])));
    let mut mirrored = sorted.clone();
    for (place, value) in places.into_iter().zip(sorted) {
        mirrored[place] = value;
    }
    mirrored
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn documented_examples() {
        assert_eq!(
            multiplicative_partitions(52, 3),
            [[1, 1, 52], [1, 2, 26], [1, 4, 13], [2, 2, 13]]
        );
        assert_eq!(multiplicative_partitions(52, 2), [[1, 52], [2, 26], [4, 13]]);
        assert_eq!(multiplicative_partitions(7, 1), [[7]]);
        assert!(multiplicative_partitions(7, 0).is_empty());
        assert_eq!(partitions_from(52, 3, 2), [[2, 2, 13]]);
        assert_eq!(mirror_sort(&[0, 1, 2, 3, 4], &[1, 5, 2, 4, 3]), [0, 4, 1, 3, 2]);
        assert_eq!(mirror_sort(&[3, 4], &[20, 20]), [3, 4]);
        assert_eq!(divisors_between(12, 1, 6), [2, 3, 4, 6]);
    }

    proptest! {
        #[test]
        fn partitions_are_all_ascending_products(number in 1usize..60, parts in 1usize..4) {
            let mut expected = Vec::new();
            let mut tuple = vec![1; parts];
            'all: loop {
                if tuple.is_sorted() && tuple.iter().product::<usize>() == number {
                    expected.push(tuple.clone());
                }
                for place in (0..parts).rev() {
                    if tuple[place] < number {
                        tuple[place] += 1;
                        continue 'all;
                    }
                    tuple[place] = 1;
                }
                break;
            }
            prop_assert_eq!(multiplicative_partitions(number, parts), expected);
        }

        #[test]
        fn mirror_sort_keeps_the_order_of_its_reference(
            pairs in prop::collection::vec((0i32..9, 0i32..9), 0..7),
        ) {
            let (values, reference): (Vec<i32>, Vec<i32>) = pairs.into_iter().unzip();
            let mirrored = mirror_sort(&values, &reference);
            for a in 0..values.len() {
                for b in 0..values.len() {
                    if reference[a] < reference[b] || (reference[a] == reference[b] && a < b) {
                        prop_assert!(mirrored[a] <= mirrored[b]);
                    }
                }
            }
        }
    }
}
