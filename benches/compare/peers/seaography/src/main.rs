//! The catalogue served with Seaography.

mod entities;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::sync::{Arc, LazyLock};

use actix_web::web::{Data, post};
use actix_web::{App, HttpServer};
use async_graphql_actix_web::{GraphQLRequest, GraphQLResponse};
use entities::production::{Column, Entity};
use sea_orm::sea_query::Value;
use sea_orm::{ColumnTrait, Condition, ConnectOptions, Database};
use seaography::async_graphql::dynamic::{FieldValue, ObjectAccessor, Schema};
use seaography::{
    Builder, BuilderContext, ColumnOptions, EntityColumnId, FilterType, FilterTypesMapConfig,
    SeaResult, TypesMapConfig,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A date is one number here, `year * 10000 + month * 100 + day`. Of productions, the years are
/// shown, and asked for.
static CONTEXT: LazyLock<BuilderContext> = LazyLock::new(|| {
    let released_on = EntityColumnId::of::<Entity>(&Column::ReleasedOn);
    let mut year = ColumnOptions::default();
    year.output_conversion = Some(Arc::new(|value| {
        Ok(match value {
            Value::Int(Some(date)) => Some(FieldValue::value(date / 10000)),
            _ => None,
        })
    }));
    BuilderContext {
        types: TypesMapConfig {
            column_options: [(released_on.clone(), year)].into(),
            ..Default::default()
        },
        filter_types: FilterTypesMapConfig {
            overwrites: [(
                released_on.clone(),
                Some(FilterType::Custom("IntegerFilterInput".into())),
            )]
            .into(),
            condition_functions: BTreeMap::from([(released_on, Box::new(years) as _)]),
            ..Default::default()
        },
        ..Default::default()
    }
});

fn years(condition: Condition, filter: &ObjectAccessor) -> SeaResult<Condition> {
    let Some(between) = filter.get("between") else {
        return Ok(condition);
    };
    let between = between.list()?;
    let (from, to) = (between.try_get(0)?.i64()?, between.try_get(1)?.i64()?);
    Ok(condition.add(Column::ReleasedOn.between(from * 10000, to * 10000 + 9999)))
}

async fn graphql(schema: Data<Schema>, request: GraphQLRequest) -> GraphQLResponse {
    schema.execute(request.into_inner()).await.into()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = ConnectOptions::new(env::var("DATABASE_URL")?);
    options.max_connections(8).min_connections(8).sqlx_logging(false);
    let database = Database::connect(options).await?;
    let builder = entities::register(Builder::new(&CONTEXT, database.clone()));
    let schema = Data::new(builder.schema_builder().data(database).finish()?);
    let port = env::var("PORT")?.parse()?;
    HttpServer::new(move || {
        App::new().app_data(schema.clone()).route("/graphql", post().to(graphql))
    })
    .bind(("127.0.0.1", port))?
    .run()
    .await?;
    Ok(())
}
