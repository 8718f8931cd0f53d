//! The subject catalogue: a graph of mathematics and programming skills (product.md, Tutoring).
//!
//! Three relations, each between two subjects: one is a *part of* another (whoever looks for the whole also finds the
//! part), one *requires* another (who learns it needs the other first), or two are *related*. The first two have a
//! direction, and following either never leads back to where it began; the third has none.

use std::collections::{BTreeMap, BTreeSet};

use deserr::Deserr;
use schemars::JsonSchema;
use serde::Serialize;

use super::profile::SubjectId;
use crate::field::FieldErrors;
use crate::text::Line;

/// Most other names of a subject, and most relations of one kind.
const LIST_MAX: usize = 30;

/// What an admin says of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SubjectEntry {
    /// What it is called.
    pub name: Line<60>,
    /// What it is also called; found by search like the name.
    #[deserr(default)]
    #[schemars(default, length(max = 30))]
    pub other_names: Vec<Line<60>>,
    /// Subjects that it is a part of.
    #[deserr(default)]
    #[schemars(default, length(max = 30))]
    pub part_of: Vec<SubjectId>,
    /// Subjects that are needed to learn it.
    #[deserr(default)]
    #[schemars(default, length(max = 30))]
    pub requires: Vec<SubjectId>,
    /// Subjects that whoever looks for it may like too. What is related here is related there.
    #[deserr(default)]
    #[schemars(default, length(max = 30))]
    pub related_to: Vec<SubjectId>,
}

/// A subject of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// A word that never changes: `linear-algebra`.
    pub id: SubjectId,
    /// The rest.
    #[serde(flatten)]
    pub entry: SubjectEntry,
}

/// Every subject, under one version: a change that is fine by itself may close a cycle with another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    /// Counts changes.
    pub version: i64,
    subjects: BTreeMap<SubjectId, SubjectEntry>,
}

/// One of the two relations that have a direction.
type Relation = fn(&SubjectEntry) -> &Vec<SubjectId>;

impl Catalogue {
    /// The catalogue of these subjects, as it is stored.
    pub fn new(version: i64, subjects: impl IntoIterator<Item = Subject>) -> Self {
        Self { version, subjects: subjects.into_iter().map(|s| (s.id, s.entry)).collect() }
    }

    /// The subject with this id.
    pub fn get(&self, id: &SubjectId) -> Option<&SubjectEntry> {
        self.subjects.get(id)
    }

    /// Every subject, in the order of the ids.
    pub fn into_subjects(self) -> Vec<Subject> {
        self.subjects.into_iter().map(|(id, entry)| Subject { id, entry }).collect()
    }

    /// The subject and everything that is directly or indirectly a part of it.
    pub fn parts_of(&self, id: &SubjectId) -> BTreeSet<SubjectId> {
        let parts = |whole: &SubjectId| {
            let all = self.subjects.iter();
            all.filter(|(_, entry)| entry.part_of.contains(whole)).map(|(part, _)| part.clone()).collect()
        };
        reach(id, parts)
    }

    /// The subject and everything that it is directly or indirectly a part of.
    pub fn wholes_of(&self, id: &SubjectId) -> BTreeSet<SubjectId> {
        self.follow(id, |entry| &entry.part_of)
    }

    /// The subject and everything that one must know to learn it.
    pub fn needed_for(&self, id: &SubjectId) -> BTreeSet<SubjectId> {
        self.follow(id, |entry| &entry.requires)
    }

    fn follow(&self, id: &SubjectId, relation: Relation) -> BTreeSet<SubjectId> {
        reach(id, |at| self.subjects.get(at).map(relation).cloned().unwrap_or_default())
    }

    /// The catalogue with this subject new, or changed. Every field that is wrong is named: a subject that isn't
    /// there, one that is named twice, one that would make the subject a part (or a requirement) of itself.
    /// The same again is no change of the version.
    pub fn put(mut self, id: SubjectId, entry: SubjectEntry) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_list("otherNames", &entry.other_names, &mut errors);
        self.check_relation("partOf", &id, &entry.part_of, Some(|e| &e.part_of), &mut errors);
        self.check_relation("requires", &id, &entry.requires, Some(|e| &e.requires), &mut errors);
        self.check_relation("relatedTo", &id, &entry.related_to, None, &mut errors);
        errors.into_result()?;
        if self.subjects.get(&id).is_some_and(|present| same(present, &entry)) {
            return Ok(self);
        }
        for (other, theirs) in &mut self.subjects {
            theirs.related_to.retain(|related| *related != id);
            if entry.related_to.contains(other) {
                theirs.related_to.push(id.clone());
                theirs.related_to.sort();
            }
        }
        self.subjects.insert(id, entry);
        self.version += 1;
        Ok(self)
    }

    fn check_relation(
        &self,
        field: &str,
        id: &SubjectId,
        others: &[SubjectId],
        directed: Option<Relation>,
        errors: &mut FieldErrors,
    ) {
        check_list(field, others, errors);
        for (index, other) in others.iter().enumerate() {
            let at = format!("{field}[{index}]");
            if other == id {
                errors.push(at, "is the subject itself");
            } else if !self.subjects.contains_key(other) {
                errors.push(at, "is not a subject of the catalogue");
            } else if directed.is_some_and(|relation| self.follow(other, relation).contains(id)) {
                errors.push(at, format!("would close a cycle: {other} leads back to {id}"));
            }
        }
    }
}

/// Too many, or one twice.
fn check_list<T: PartialEq>(field: &str, items: &[T], errors: &mut FieldErrors) {
    if items.len() > LIST_MAX {
        errors.push(field, format!("must have at most {LIST_MAX} items"));
    }
    for (index, item) in items.iter().enumerate() {
        if items[..index].contains(item) {
            errors.push(format!("{field}[{index}]"), "is there twice");
        }
    }
}

/// Whether two entries say the same; in what order relations are named says nothing.
fn same(a: &SubjectEntry, b: &SubjectEntry) -> bool {
    let set = |ids: &[SubjectId]| ids.iter().cloned().collect::<BTreeSet<_>>();
    a.name == b.name
        && a.other_names == b.other_names
        && set(&a.part_of) == set(&b.part_of)
        && set(&a.requires) == set(&b.requires)
        && set(&a.related_to) == set(&b.related_to)
}

/// Everything that can be reached by steps, the beginning included.
fn reach(from: &SubjectId, step: impl Fn(&SubjectId) -> Vec<SubjectId>) -> BTreeSet<SubjectId> {
    let mut reached = BTreeSet::from([from.clone()]);
    let mut ahead = vec![from.clone()];
    while let Some(at) = ahead.pop() {
        ahead.extend(step(&at).into_iter().filter(|next| reached.insert(next.clone())));
    }
    reached
}

#[cfg(test)]
mod tests;
