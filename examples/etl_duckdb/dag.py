import os, time
from airflow.sdk import DAG, task

STAGING = os.environ.get("LEOFLOW_STAGING_DIR", "/staging")
ROWS = 70_000_000  # ~1.1 GB as Parquet

@task
def extract() -> dict:
    import duckdb                       # heavy import INSIDE the task (see gotcha)
    raw = f"{STAGING}/raw.parquet"
    duckdb.connect().execute(f"""
      COPY (SELECT i AS id, 'cat_' || (i % 50) AS category,
                   (random()*1000)::DECIMAL(10,2) AS amount
            FROM range({ROWS}) t(i)) TO '{raw}' (FORMAT parquet)""")
    return {"raw": raw}

@task
def transform(meta: dict) -> dict:
    import duckdb
    agg = f"{STAGING}/agg.parquet"
    duckdb.connect().execute(f"""
      COPY (SELECT category, COUNT(*) n, SUM(amount) revenue
            FROM read_parquet('{meta["raw"]}') GROUP BY category)
      TO '{agg}' (FORMAT parquet)""")
    return {"agg": agg}

@task
def load(meta: dict) -> None:
    import duckdb, psycopg2
    rows = duckdb.connect().execute(
        f"SELECT category, n, revenue FROM read_parquet('{meta['agg']}')").fetchall()
    # Managed Connection injected by the agent (AIRFLOW_CONN_<ID>), never in the pod spec.
    dsn = os.environ["AIRFLOW_CONN_ETL_TARGET"]
    with psycopg2.connect(dsn) as conn:
        cur = conn.cursor()
        cur.executemany("INSERT INTO category_revenue VALUES (%s,%s,%s)", rows)

with DAG("etl_duckdb", schedule=None, catchup=False, tags=["etl"]):
    load(transform(extract()))
