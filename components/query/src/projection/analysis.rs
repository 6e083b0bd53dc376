//! The analysis of an entry, and its status until there is one.
//!
//! Analyses are ordered by the sequence of the entry that they are about, then by their own: the newest version of the
//! entry wins, and for one version AI's event wins over the entry's own (0).

use super::{Plan, json};
use crate::bindings::exports::mindflow::query::reads::AnalysisStatus;
use crate::statement::Statement;
use crate::vocabulary::Word;
use mindflow_events::{Analysis, AnalysisFailed, EntryWritten, Insights, Notice, NoticeKind};
use mindflow_guest::{
    params,
    sql::{Json, Value},
};

/// The part of `INSERT INTO query.analyses_view AS held …` that keeps a newer analysis.
pub const NEWER_WINS: &str = "ON CONFLICT (entry_id) DO UPDATE SET
        entry_sequence = EXCLUDED.entry_sequence, analysis_sequence = EXCLUDED.analysis_sequence, status = EXCLUDED.status,
        sentiment = EXCLUDED.sentiment, themes = EXCLUDED.themes, insights = EXCLUDED.insights,
        model = EXCLUDED.model, completed_at = EXCLUDED.completed_at
    WHERE (held.entry_sequence, held.analysis_sequence) < (EXCLUDED.entry_sequence, EXCLUDED.analysis_sequence)";

/// The columns that it writes, in the order of the statements' values.
pub const COLUMNS: &str =
    "entry_id, user_id, entry_sequence, analysis_sequence, status, sentiment, themes, insights, model, completed_at";

/// The status that follows from the entry's own event. `None`: the current one stays.
pub fn expected(written: &EntryWritten) -> Option<AnalysisStatus> {
    written.voids_analysis().then_some(match written.analysis {
        Analysis::Requested => AnalysisStatus::Pending,
        Analysis::NotIncluded | Analysis::Other => AnalysisStatus::NotIncluded,
    })
}

pub fn ready(insights: Insights, sequence: i64) -> Plan {
    Plan {
        user_id: insights.user_id,
        statement: said(params![
            insights.entry_id,
            insights.user_id,
            insights.entry_sequence,
            sequence,
            AnalysisStatus::Ready.word(),
            insights.sentiment,
            insights.themes,
            json(&insights.insights),
            insights.model,
            insights.completed_at,
        ]),
        notice: Some(Notice { kind: NoticeKind::Analyzed, entry_id: insights.entry_id }),
        renamed_tag: None,
    }
}

/// Subscribers see it as a change of the entry: a failed analysis has nothing new to read.
pub fn failed(failure: &AnalysisFailed, sequence: i64) -> Plan {
    Plan {
        user_id: failure.user_id,
        statement: said(params![
            failure.entry_id,
            failure.user_id,
            failure.entry_sequence,
            sequence,
            AnalysisStatus::Failed.word(),
            Value::Null,
            Vec::<String>::new(),
            Json("[]".to_owned()),
            Value::Null,
            Value::Null,
        ]),
        notice: Some(Notice { kind: NoticeKind::Updated, entry_id: failure.entry_id }),
        renamed_tag: None,
    }
}

fn said(params: Vec<Value>) -> Statement {
    let text = format!(
        "WITH written AS (
            INSERT INTO query.analyses_view AS held ({COLUMNS})
            VALUES ($1::uuid, $2::uuid, $3::bigint, $4::bigint, $5::text, $6::float8, $7::text[], $8::jsonb, $9::text, $10::timestamptz)
            {NEWER_WINS}
            RETURNING 1
        )
        SELECT EXISTS (SELECT FROM written)
            OR COALESCE((SELECT (v.entry_sequence, v.analysis_sequence) = ($3, $4) FROM query.analyses_view v WHERE v.entry_id = $1), true) AS shown"
    );
    Statement { text, params }
}
