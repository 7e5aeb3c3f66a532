//! `sim explore`: plans as a local web page.
//!
//! Invariants: the server listens on 127.0.0.1 only, answers its own page only, and sends no request to anyone. An answer is the
//! exact core's, by the code of `sim plan` and `sim bound`. No request waits beyond a deadline.

mod answer;
mod charts;
mod cost;
mod desk;
mod families;
mod guard;
mod plans;
mod query;
mod sample;
mod session;

use crate::answers::cost::PerQuery;
use crate::args::{ExploreArgs, PlanArgs};
use answer::planned;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cost::{About, MeasuredModel};
use desk::{Desk, Limit, Missed};
use families::Families;
use fusion_engine::failure::Failure;
use guard::Names;
use plans::{Plans, Wanted};
use query::{BOUND, GRID, PLAN, Query, QueryProblem, SESSION, SURFACE};
use serde::Serialize;
use serde_json::json;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// The deadline for an answer that measures no model.
const PATIENCE: Duration = Duration::from_secs(2);
/// The deadline for a session that is played: two million slots take a second or two.
const PATIENCE_FOR_A_SESSION: Duration = Duration::from_secs(10);
/// The deadline for an answer that measures a model.
const PATIENCE_FOR_A_MODEL: Duration = Duration::from_mins(1);
/// The largest number of plans that are computed at once, and that of charts. They are separate, so that slow ones of either kind
/// do not delay the other.
const PLACES: usize = 4;

/// A server of the local page, which is bound to a port.
pub struct PageServer {
    listener: TcpListener,
    address: SocketAddr,
    names: Names,
    shared: Arc<PageState>,
}

struct PageState {
    model: Option<MeasuredModel>,
    about: About,
    plans: Desk,
    charts: Desk,
    sessions: Desk,
    models: Desk,
    predictions: Desk,
}

impl PageServer {
    /// Binds the port of the flags. Nothing is answered before [`PageServer::serve`].
    pub(crate) fn bind(args: &ExploreArgs) -> Result<Self, Failure> {
        let ExploreArgs { port, host, model, inference } = args;
        inference.protocols()?;
        if let Some(file) = model {
            PerQuery::check(file, inference)?;
        }
        let failed =
            |error| Failure::Io(format!("listening on 127.0.0.1:{port} (--port 0 takes any free port)"), error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let model = model.clone().map(|file| MeasuredModel::new(file, inference.clone()));
        let about = About::new(model.as_ref(), inference);
        let (plans, charts) = (Desk::new(PLACES, PATIENCE), Desk::new(PLACES, PATIENCE));
        let sessions = Desk::new(1, PATIENCE_FOR_A_SESSION);
        let [models, predictions] = [(); 2].map(|()| Desk::new(1, PATIENCE_FOR_A_MODEL));
        let names = Names::new(address, host.as_deref());
        let shared = Arc::new(PageState { model, about, plans, charts, sessions, models, predictions });
        Ok(Self { listener, address, names, shared })
    }

    /// Returns the address on which the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` completes. Computations that are still going on then are abandoned.
    ///
    /// # Errors
    /// An I/O error if the system provides no thread, or the listener fails.
    pub fn serve(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let Self { listener, address: _, names, shared } = self;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2 * PLACES + 3).build()?;
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::select! {
                served = axum::serve(listener, router(shared, names)) => served,
                () = stop => Ok(()),
            }
        });
        runtime.shutdown_background();
        served
    }
}

fn router(shared: Arc<PageState>, names: Names) -> Router {
    let file =
        |kind: &'static str, content: &'static str| get(move || async move { ([(CONTENT_TYPE, kind)], content) });
    Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("assets/index.html")))
        .route("/app.js", file("text/javascript; charset=utf-8", include_str!("assets/app.js")))
        .route("/mixing.js", file("text/javascript; charset=utf-8", include_str!("assets/mixing.js")))
        .route("/charts.js", file("text/javascript; charset=utf-8", include_str!("assets/charts.js")))
        .route("/style.css", file("text/css; charset=utf-8", include_str!("assets/style.css")))
        .route("/icon.svg", file("image/svg+xml", include_str!("assets/icon.svg")))
        .route("/api/about", get(about))
        .route("/api/plan", get(plan))
        .route("/api/curve", get(curve))
        .route("/api/surface", get(surface))
        .route("/api/series", get(series))
        .route("/api/map", get(map))
        .route("/api/session", get(session))
        .route("/api/cost", get(cost))
        .route("/api/families", get(families))
        .layer(from_fn_with_state(names, guard::guard))
        .with_state(shared)
}

type App = State<Arc<PageState>>;

async fn about(State(shared): App) -> Response {
    document(StatusCode::OK, &shared.about)
}

async fn plan(State(shared): App, RawQuery(text): RawQuery) -> Result<Response, QueryProblem> {
    let (query, model) = (read(text.as_deref(), PLAN)?, shared.model.as_ref().map(MeasuredModel::words));
    let command = query.command("sim plan", PLAN, model.as_deref());
    let told = command.clone();
    Ok(respond(shared.plans.compute(move |_| planned(&query, command)).await, &told))
}

async fn curve(State(shared): App, RawQuery(text): RawQuery) -> Result<Response, QueryProblem> {
    let query = read(text.as_deref(), BOUND)?;
    let command = query.command("sim bound", BOUND, None);
    Ok(respond(shared.charts.compute(move |limit| charts::curve(&query.bound()?, limit)).await, &command))
}

/// Answers with the costs around the B and T of a plan.
async fn surface(State(shared): App, RawQuery(text): RawQuery) -> Result<Response, QueryProblem> {
    let query = read(text.as_deref(), SURFACE)?;
    let command = query.command("sim bound", BOUND, None);
    let work = move |limit: &Limit| {
        let centre = query.bound()?;
        charts::surface(&query.plan()?, centre.B, centre.T, limit)
    };
    Ok(respond(shared.charts.compute(work).await, &command))
}

async fn series(app: App, query: RawQuery) -> Result<Response, QueryProblem> {
    plans(app, query, Wanted::series, Plans::series).await
}

async fn map(app: App, query: RawQuery) -> Result<Response, QueryProblem> {
    plans(app, query, Wanted::map, Plans::map).await
}

/// Answers with many plans, or with those that were found in time.
async fn plans<T: Serialize>(
    State(shared): App,
    RawQuery(text): RawQuery,
    wanted: impl FnOnce(&PlanArgs) -> Result<Wanted, QueryProblem>,
    shown: impl FnOnce(&Plans, &Wanted) -> T,
) -> Result<Response, QueryProblem> {
    let query = read(text.as_deref(), PLAN)?;
    let command = query.command("sim plan --grid", GRID, None);
    let args = query.plan()?;
    let (plans, wanted) = (Plans::default(), Arc::new(wanted(&args)?));
    let (found, all) = (plans.clone(), Arc::clone(&wanted));
    let done = match shared.charts.compute(move |limit| found.find(&all, &args, limit)).await {
        Ok(Err(problem)) => Ok(Err(problem)),
        Ok(Ok(())) | Err(Missed::TooLong) => Ok(Ok(shown(&plans, &wanted))),
        Err(Missed::Bug) => Err(Missed::Bug),
    };
    Ok(respond(done, &command))
}

/// Answers with a session that is played.
async fn session(State(shared): App, RawQuery(text): RawQuery) -> Result<Response, QueryProblem> {
    let query = read(text.as_deref(), SESSION)?;
    let command = query.command("sim bound", BOUND, None);
    Ok(respond(shared.sessions.compute(move |limit| session::picture(&query, limit)).await, &command))
}

async fn cost(app: App, query: RawQuery) -> Result<Response, QueryProblem> {
    with_model(app, query, |shared| &shared.models, |query, model| model.cost(query)).await
}

async fn families(app: App, query: RawQuery) -> Result<Response, QueryProblem> {
    with_model(app, query, |shared| &shared.predictions, Families::new).await
}

/// Answers with what is known of a plan with the model that was named.
async fn with_model<T: Serialize + Send + 'static>(
    State(shared): App,
    RawQuery(text): RawQuery,
    desk: fn(&PageState) -> &Desk,
    work: fn(&Query, &MeasuredModel) -> Result<T, QueryProblem>,
) -> Result<Response, QueryProblem> {
    let query = read(text.as_deref(), PLAN)?;
    let Some(words) = shared.model.as_ref().map(MeasuredModel::words) else {
        let error = "no model was named: sim explore --model FILE";
        return Ok(document(StatusCode::NOT_FOUND, &json!({ "error": error })));
    };
    let command = query.command("sim plan", PLAN, Some(&words));
    let desk = desk(&shared).clone();
    let work = move |_: &Limit| shared.model.as_ref().map(|model| work(&query, model)).transpose();
    Ok(respond(desk.compute(work).await, &command))
}

fn read(text: Option<&str>, known: &[(&'static str, &str)]) -> Result<Query, QueryProblem> {
    Query::parse(text.unwrap_or(""), known)
}

impl IntoResponse for QueryProblem {
    fn into_response(self) -> Response {
        document(StatusCode::BAD_REQUEST, &self)
    }
}

fn respond<T: Serialize>(done: Result<Result<T, QueryProblem>, Missed>, command: &str) -> Response {
    match done {
        Ok(Ok(answer)) => document(StatusCode::OK, &answer),
        Ok(Err(problem)) => problem.into_response(),
        Err(Missed::TooLong) => {
            let error = "this takes too long for a page: run the command in a terminal";
            document(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": error, "command": command }))
        }
        Err(Missed::Bug) => {
            let error = "a bug in sim, please report it with the command";
            document(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": error, "command": command }))
        }
    }
}

fn document(status: StatusCode, document: &impl Serialize) -> Response {
    match serde_json::to_string(document) {
        Ok(text) => (status, [(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
