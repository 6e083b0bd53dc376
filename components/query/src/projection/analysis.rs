//! What AI says about an entry, and what is known before it has.
//!
//! Analyses are ordered by the entry's sequence that they are about, then by their own: the word about
//! the newest version of the entry wins, and AI's word about a version wins over the entry's own (0).

use super::{
    Kind, Notice, Plan,
    payload::{self, AnalysisAsked, AnalysisFailure, Insights, Reason, Wrong},
};
use crate::bindings::exports::mindflow::query::reads::AnalysisStatus;
use crate::statement::Statement;
use crate::vocabulary::Word;
use mindflow_guest::{
    params,
    sql::{Json, Value},
};

/// The part of `INSERT INTO query.analyses_view AS held …` that lets a newer word stand.
pub const NEWER_WINS: &str = "ON CONFLICT (entry_id) DO UPDATE SET
        entry_sequence = EXCLUDED.entry_sequence, analysis_sequence = EXCLUDED.analysis_sequence, status = EXCLUDED.status,
        sentiment = EXCLUDED.sentiment, themes = EXCLUDED.themes, insights = EXCLUDED.insights,
        model = EXCLUDED.model, completed_at = EXCLUDED.completed_at
    WHERE (held.entry_sequence, held.analysis_sequence) < (EXCLUDED.entry_sequence, EXCLUDED.analysis_sequence)";

/// The columns that it writes, in the order of the statements' values.
pub const COLUMNS: &str =
    "entry_id, user_id, entry_sequence, analysis_sequence, status, sentiment, themes, insights, model, completed_at";

/// What an entry's own event says about its analysis. None: what is known stays, because a restored entry and
/// a renamed tag leave the analysed text as it was.
pub fn expected(asked: AnalysisAsked, reason: Option<Reason>) -> Option<AnalysisStatus> {
    match (reason, asked) {
        (None | Some(Reason::Edited | Reason::Reanalyze), AnalysisAsked::Requested) => Some(AnalysisStatus::Pending),
        (None | Some(Reason::Edited), AnalysisAsked::NotIncluded) => Some(AnalysisStatus::NotIncluded),
        _ => None,
    }
}

pub fn ready(insights: Insights, sequence: i64) -> Result<Plan, Wrong> {
    if let Some(sentiment) = insights.sentiment.filter(|sentiment| !(-1.0..=1.0).contains(sentiment)) {
        return Err(Wrong::new("sentiment", sentiment));
    }
    let completed_at = payload::time("completedAt", &insights.completed_at)?;
    let texts = serde_json::to_string(&insights.insights).map_err(|error| Wrong::new("insights", error))?;
    Ok(Plan {
        user_id: insights.user_id,
        statement: said(params![
            insights.journal_id,
            insights.user_id,
            insights.entry_sequence,
            sequence,
            AnalysisStatus::Ready.word(),
            insights.sentiment,
            insights.themes,
            Json(texts),
            insights.model,
            completed_at,
        ]),
        notice: Some(Notice { kind: Kind::Analyzed, entry_id: insights.journal_id }),
    })
}

/// Listeners learn of it as a change of the entry: there is nothing new to read in an analysis that failed.
pub fn failed(failure: AnalysisFailure, sequence: i64) -> Result<Plan, Wrong> {
    Ok(Plan {
        user_id: failure.user_id,
        statement: said(params![
            failure.journal_id,
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
        notice: Some(Notice { kind: Kind::Updated, entry_id: failure.journal_id }),
    })
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
