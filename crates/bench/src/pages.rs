//! `bench pages`: how long the main pages of running servers take, one load
//! after another, when they are warm.

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::Timestamp;
use http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Failure;
use crate::seed::EMAIL;
use crate::unledgered::clock;

/// Of the bench's user, in a form.
const PASSWORD: &str = "a+password+for+the+bench";

/// Loads before those that count.
const WARM: usize = 5;

/// `{org}` and `{team}`: one of those that `bench seed` makes.
const PAGES: [&str; 69] = [
    "/language-models",
    "/language-models?show=all&q=gpt&has=tools&sort=input",
    "/playground",
    "/chat",
    "/usage",
    "/usage?range=7d",
    "/usage?range=90d&measure=tokens&by=key",
    "/usage?range=90d&model=rare",
    "/usage?range=90d&provider=groq&source=api",
    "/usage?range=custom&from={year}&to={today}",
    // Calls of half a year ago, and of a model that is seldom called.
    "/usage?range=custom&from={year}&to={today}&after={deep}",
    "/usage?range=custom&from={year}&to={today}&model=rare",
    "/status",
    "/keys",
    "/tokens",
    "/v2/usage?group_by=model",
    "/v2/usage/events?limit=50",
    "/v2/credentials?limit=50",
    // Everybody's.
    "/admin",
    "/admin/usage",
    "/admin/usage?range=90d",
    "/admin/usage?range=custom&from={year}&to={today}",
    "/admin/usage?range=custom&from={year}&to={today}&by=organization",
    "/admin/usage?range=custom&from={year}&to={today}&by=team",
    "/admin/usage?range=custom&from={year}&to={today}&by=source",
    "/admin/usage?range=custom&from={year}&to={today}&by=user",
    "/admin/usage?range=custom&from={year}&to={today}&by=key",
    "/admin/usage?range=custom&from={year}&to={today}&by=token",
    "/admin/usage?range=30d&by=user",
    "/admin/usage?range=30d&by=key",
    "/admin/usage?range=custom&from={year}&to={today}&by=organization&model=model-3",
    "/admin/usage?range=custom&from={year}&to={today}&whose=organization:{org}",
    "/admin/usage?range=custom&from={year}&to={today}&whose=organization:{org}&by=user",
    "/language-models/billing",
    "/language-models/billing?range=90d&whose=organization:{org}",
    "/v2/usage?scope=all&group_by=day",
    "/v2/usage?scope=all&group_by=model",
    "/v2/usage?scope=all&group_by=user",
    "/v2/usage?scope=all&group_by=credential",
    "/v2/usage?scope=all&group_by=token",
    "/v2/usage?scope=all&group_by=organization",
    "/v2/usage?scope=all&group_by=team",
    "/v2/usage?scope=all&group_by=model&each_day=true",
    "/v2/usage?scope=all&group_by=provider&each_day=true",
    "/v2/usage?scope=all&group_by=source&each_day=true",
    "/v2/usage?scope=all&group_by=organization&each_day=true",
    "/v2/usage?scope=organization&organization_id={org}&group_by=model&each_day=true",
    "/v2/usage?scope=organization&organization_id={org}&group_by=team&each_day=true",
    "/v2/usage?scope=organization&organization_id={org}&group_by=user",
    "/v2/usage?scope=organization&organization_id={org}&group_by=credential",
    "/v2/usage?scope=team&team_id={team}&group_by=model&each_day=true",
    "/v2/usage/events?scope=all&limit=50",
    "/v2/usage/events?scope=all&limit=50&model=rare",
    "/v2/usage/events?scope=organization&organization_id={org}&limit=50",
    "/v2/usage/events?scope=all&limit=50&status=failed",
    "/admin/provider-credentials",
    "/admin/provider-credentials?q=key+99",
    "/admin/provider-credentials?organization=organization-3",
    "/admin/audit",
    "/admin/audit?q=token",
    "/v2/audit-events?limit=50",
    "/admin/users",
    "/v2/users?limit=50",
    "/admin/organizations",
    "/admin/organizations/organization-3",
    "/admin/organizations/organization-3/members",
    "/v2/organizations",
    "/admin/prices",
    "/v2/budgets",
];

/// Prints a table for each server.
pub(crate) async fn run(addresses: &[String], loads: usize, only: Option<&str>) -> Result<(), Failure> {
    for address in addresses {
        let address = address.trim_start_matches("http://").trim_end_matches('/');
        let mut site = Site::open(address).await?;
        site.sign_in().await?;
        println!("{address}, {loads} loads each\n\n| page | p50 | p95 | longest | kB |\n|---|---|---|---|---|");
        for page in PAGES.map(written).into_iter().filter(|page| only.is_none_or(|only| page.contains(only))) {
            let page = page.as_str();
            let mut times = Vec::new();
            let mut size = 0;
            for load in 0..WARM + loads {
                let left = Instant::now();
                size = site.load(page).await?;
                if load >= WARM {
                    times.push(left.elapsed());
                }
            }
            times.sort_unstable();
            let at = |share: f64| times.get((times.len() as f64 * share) as usize).or(times.last()).copied();
            let ms = |time: Option<Duration>| time.unwrap_or_default().as_secs_f64() * 1e3;
            let (p50, p95, most) = (ms(at(0.5)), ms(at(0.95)), ms(times.last().copied()));
            println!("| {page} | {p50:.1} ms | {p95:.1} ms | {most:.1} ms | {} |", size / 1024);
        }
        println!();
    }
    Ok(())
}

/// A page's address, today.
fn written(page: &str) -> String {
    let (now, day) = (clock().now(), Duration::from_hours(24));
    let date = |at: Timestamp| at.to_string().split('T').next().unwrap_or_default().to_owned();
    // A cursor is a time and a call of that time; nothing is called at the very moment.
    let deep = format!("{}.{}", now.minus(day * 180).as_micros(), "00000000-0000-7000-8000-000000000000");
    let page = page.replace("{org}", "00000000-0000-7000-c000-000000000003");
    let page = page.replace("{team}", "00000000-0000-7000-d000-000000000003");
    page.replace("{year}", &date(now.minus(day * 364))).replace("{today}", &date(now)).replace("{deep}", &deep)
}

/// A server, and who is signed in there.
struct Site {
    address: String,
    sender: SendRequest<Full<Bytes>>,
    cookie: String,
}

impl Site {
    #[expect(clippy::disallowed_methods, reason = "the load goes to loopback and is not Ownkey")]
    async fn open(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // The sender sees a broken connection and says so.
            let _broke = connection.await.is_err();
        });
        Ok(Self { address: address.to_owned(), sender, cookie: String::new() })
    }

    async fn sign_in(&mut self) -> Result<(), Failure> {
        let form = format!("email={}&password={PASSWORD}", EMAIL.replace('@', "%40"));
        let response = self.send(Method::POST, "/login", form).await?;
        let cookie = response.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
        response.into_body().collect().await?;
        self.cookie =
            cookie.ok_or_else(|| format!("{EMAIL} cannot sign in: serve a directory that `bench seed` made"))?;
        Ok(())
    }

    /// How many bytes a page has.
    async fn load(&mut self, page: &str) -> Result<usize, Failure> {
        let response = self.send(Method::GET, page, String::new()).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status == StatusCode::OK { Ok(body.len()) } else { Err(format!("{page} answered {status}").into()) }
    }

    async fn send(&mut self, method: Method, path: &str, body: String) -> Result<Response<Incoming>, Failure> {
        self.sender.ready().await?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.address)
            .header(ORIGIN, format!("http://{}", self.address))
            .header(COOKIE, &self.cookie)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(body)))?;
        Ok(self.sender.send_request(request).await?)
    }
}
