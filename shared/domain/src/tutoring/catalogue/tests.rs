use proptest::prelude::*;

use super::*;

fn id(text: &str) -> SubjectId {
    SubjectId::parse(text).unwrap()
}

fn ids(texts: &[&str]) -> Vec<SubjectId> {
    texts.iter().map(|text| id(text)).collect()
}

fn entry(name: &str, part_of: &[&str], requires: &[&str], related_to: &[&str]) -> SubjectEntry {
    SubjectEntry {
        name: Line::parse(name).unwrap(),
        other_names: Vec::new(),
        part_of: ids(part_of),
        requires: ids(requires),
        related_to: ids(related_to),
    }
}

fn catalogue() -> Catalogue {
    let none = Catalogue::new(1, []);
    let steps = [
        ("mathematics", entry("Mathematics", &[], &[], &[])),
        ("algebra", entry("Algebra", &["mathematics"], &[], &[])),
        ("linear-algebra", entry("Linear algebra", &["algebra"], &["algebra"], &[])),
        ("statistics", entry("Statistics", &["mathematics"], &["algebra"], &["linear-algebra"])),
    ];
    steps.into_iter().fold(none, |c, (at, entry)| c.put(id(at), entry).unwrap())
}

fn bad_fields(outcome: Result<Catalogue, FieldErrors>) -> Vec<String> {
    outcome.unwrap_err().0.into_iter().map(|e| e.field).collect()
}

#[test]
fn a_subject_has_the_parts_of_its_parts() {
    let parts = catalogue().parts_of(&id("mathematics"));
    assert_eq!(parts, ids(&["mathematics", "algebra", "linear-algebra", "statistics"]).into_iter().collect());
    assert_eq!(catalogue().wholes_of(&id("linear-algebra")).len(), 3);
    assert_eq!(
        catalogue().needed_for(&id("statistics")),
        ids(&["statistics", "algebra"]).into_iter().collect()
    );
}

#[test]
fn what_is_related_here_is_related_there_until_it_is_taken_back() {
    let made = catalogue();
    assert_eq!(made.get(&id("linear-algebra")).unwrap().related_to, ids(&["statistics"]));
    let apart = made.put(id("statistics"), entry("Statistics", &["mathematics"], &["algebra"], &[])).unwrap();
    assert_eq!(apart.get(&id("linear-algebra")).unwrap().related_to, []);
}

#[test]
fn the_same_subject_again_is_no_change() {
    let before = catalogue();
    let again = entry("Statistics", &["mathematics"], &["algebra"], &["linear-algebra"]);
    assert_eq!(before.clone().put(id("statistics"), again).unwrap(), before);
}

#[test]
fn cycles_of_any_length_and_whatever_else_is_wrong_are_named_at_once() {
    let itself = entry("Algebra", &["algebra"], &[], &[]);
    assert_eq!(bad_fields(catalogue().put(id("algebra"), itself)), ["partOf[0]"]);
    let mut wrong = entry("Mathematics", &["linear-algebra"], &["alchemy"], &["algebra", "algebra"]);
    wrong.other_names = vec![Line::parse("Maths").unwrap(); 2];
    let expected = ["otherNames[1]", "partOf[0]", "requires[0]", "relatedTo[1]"];
    assert_eq!(bad_fields(catalogue().put(id("mathematics"), wrong)), expected);
    let around = entry("Algebra", &["mathematics"], &["statistics"], &[]);
    assert_eq!(bad_fields(catalogue().put(id("algebra"), around)), ["requires[0]"]);
    let many = SubjectEntry {
        other_names: (0..31).map(|n| Line::parse(&n.to_string()).unwrap()).collect(),
        ..entry("A", &[], &[], &[])
    };
    assert_eq!(bad_fields(catalogue().put(id("algebra"), many)), ["otherNames"]);
}

/// A change: which subject, and of which others it becomes a part, or which it requires.
fn changes() -> impl Strategy<Value = Vec<(u8, Vec<u8>, Vec<u8>)>> {
    let some = || prop::collection::vec(0_u8..12, 0..3);
    prop::collection::vec((0_u8..12, some(), some()), 1..60)
}

fn named(n: u8) -> SubjectId {
    id(&format!("s{n}"))
}

/// A catalogue that has seen these changes, those that are refused left out.
fn after(changes: Vec<(u8, Vec<u8>, Vec<u8>)>) -> Catalogue {
    let bare = (0..12).map(|n| Subject { id: named(n), entry: entry("S", &[], &[], &[]) });
    changes.into_iter().fold(Catalogue::new(1, bare), |catalogue, (at, part_of, requires)| {
        let mut change = entry("S", &[], &[], &[]);
        change.part_of = part_of.into_iter().map(named).collect();
        change.requires = requires.into_iter().map(named).collect();
        catalogue.clone().put(named(at), change).unwrap_or(catalogue)
    })
}

proptest! {
    #[test]
    fn no_sequence_of_changes_makes_a_cycle(changes in changes()) {
        let catalogue = after(changes);
        for relation in [(|e| &e.part_of) as Relation, |e| &e.requires] {
            for n in 0..12 {
                for next in relation(&catalogue.subjects[&named(n)]) {
                    prop_assert!(!catalogue.follow(next, relation).contains(&named(n)));
                }
            }
        }
    }

    #[test]
    fn the_closure_of_parts_is_the_smallest_that_is_closed(changes in changes()) {
        let catalogue = after(changes);
        // Slow and obvious: a table of pairs, grown until it doesn't grow any more.
        let mut pairs: BTreeSet<(u8, u8)> = (0..12).map(|n| (n, n)).collect();
        loop {
            let mut grown = pairs.clone();
            for (whole, part) in &pairs {
                let parts = (0..12).filter(|n| catalogue.subjects[&named(*n)].part_of.contains(&named(*part)));
                grown.extend(parts.map(|n| (*whole, n)));
            }
            if grown == pairs {
                break;
            }
            pairs = grown;
        }
        for whole in 0..12 {
            for part in 0..12 {
                let expected = pairs.contains(&(whole, part));
                prop_assert_eq!(catalogue.parts_of(&named(whole)).contains(&named(part)), expected);
                prop_assert_eq!(catalogue.wholes_of(&named(part)).contains(&named(whole)), expected);
            }
        }
    }
}
