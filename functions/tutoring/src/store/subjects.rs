//! The tables `subjects`, `subject_relations` and `subject_catalogue`.

use jiff::Timestamp;
use lectern_domain::text::Text;
use lectern_domain::tutoring::catalogue::{Catalogue, Subject, SubjectEntry};
use lectern_domain::tutoring::profile::SubjectId;
use lectern_postgres::{Database, DbError, Row, Type};

/// All of it.
pub async fn catalogue(db: &Database) -> Result<Catalogue, DbError> {
    let sql = "
        SELECT c.version, s.id, s.name, s.other_names,
               ARRAY(SELECT other_id FROM subject_relations
                     WHERE subject_id = s.id AND relation = 'part_of' ORDER BY 1) AS part_of,
               ARRAY(SELECT other_id FROM subject_relations
                     WHERE subject_id = s.id AND relation = 'requires' ORDER BY 1) AS requires,
               ARRAY(SELECT other_id FROM subject_relations WHERE subject_id = s.id AND relation = 'related'
                     UNION SELECT subject_id FROM subject_relations WHERE other_id = s.id AND relation = 'related'
                     ORDER BY 1) AS related_to
        FROM subject_catalogue c LEFT JOIN subjects s ON true";
    let rows = db.read(sql, &[]).await?;
    let version = rows.first().map(|row| row.try_get("version")).transpose()?.unwrap_or(0);
    let known = rows.iter().filter(|row| matches!(row.try_get::<_, Option<&str>>("id"), Ok(Some(_))));
    Ok(Catalogue::new(version, known.map(subject).collect::<Result<Vec<_>, DbError>>()?))
}

fn subject(row: &Row) -> Result<Subject, DbError> {
    let ids = |column| -> Result<Vec<SubjectId>, DbError> {
        let ids: Vec<&str> = row.try_get(column)?;
        Ok(ids.into_iter().map(SubjectId::parse).collect::<Result<_, _>>()?)
    };
    let other_names: Vec<&str> = row.try_get("other_names")?;
    Ok(Subject {
        id: SubjectId::parse(row.try_get("id")?)?,
        entry: SubjectEntry {
            name: Text::parse(row.try_get("name")?)?,
            other_names: other_names.into_iter().map(Text::parse).collect::<Result<_, _>>()?,
            part_of: ids("part_of")?,
            requires: ids("requires")?,
            related_to: ids("related_to")?,
        },
    })
}

/// Saves a subject that is new or changed, into the catalogue whose stored version is `before`; `false`, and nothing
/// done, when the catalogue has changed since. Triggers keep what is derived from it, and note the tutors whose place in
/// the search it changes.
pub async fn save(
    db: &Database,
    id: &SubjectId,
    entry: &SubjectEntry,
    before: i64,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE subject_catalogue SET version = version + 1, updated_at = $8 WHERE version = $7 RETURNING 1
        ), put AS (
            INSERT INTO subjects (id, name, other_names) SELECT $1, $2, $3 FROM changed
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, other_names = excluded.other_names
        ), wanted (subject_id, relation, other_id) AS (
            SELECT $1, 'part_of', other FROM unnest($4::text[]) other
            UNION SELECT $1, 'requires', other FROM unnest($5::text[]) other
            UNION SELECT least($1, other), 'related', greatest($1, other) FROM unnest($6::text[]) other
        ), gone AS (
            DELETE FROM subject_relations r USING changed
            WHERE (r.subject_id = $1 OR (r.other_id = $1 AND r.relation = 'related'))
              AND (r.subject_id, r.relation, r.other_id) NOT IN (SELECT * FROM wanted)
        ), related AS (
            INSERT INTO subject_relations (subject_id, relation, other_id)
            SELECT wanted.* FROM changed, wanted ON CONFLICT DO NOTHING
        )
        SELECT 1 FROM changed";
    let texts = |ids: &[SubjectId]| ids.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
    let other_names: Vec<&str> = entry.other_names.iter().map(Text::as_str).collect();
    let (part_of, requires, related) =
        (texts(&entry.part_of), texts(&entry.requires), texts(&entry.related_to));
    let (id, name) = (id.as_str(), entry.name.as_str());
    let params = [
        (&id as _, Type::TEXT),
        (&name as _, Type::TEXT),
        (&other_names as _, Type::TEXT_ARRAY),
        (&part_of as _, Type::TEXT_ARRAY),
        (&requires as _, Type::TEXT_ARRAY),
        (&related as _, Type::TEXT_ARRAY),
        (&before as _, Type::INT8),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}
