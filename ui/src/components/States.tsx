// SPDX-License-Identifier: Apache-2.0
import { Button } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "@/api/error";
import styles from "./page.module.css";

interface EmptyProps {
  title: string;
  /** What to do about it. */
  children?: ReactNode;
  action?: ReactNode;
}

/** Nothing is here, and what to do about it. */
export function Empty({ title, children, action }: EmptyProps) {
  return (
    <div className={styles.empty}>
      <div className={styles.emptyTitle}>{title}</div>
      {children && <div className={styles.emptyText}>{children}</div>}
      {action && <div className={styles.emptyAction}>{action}</div>}
    </div>
  );
}

interface FailureProps {
  error: Error;
  retry?: () => void;
}

/** Something failed: the server's own words, its hint, and another try. */
export function Failure({ error, retry }: FailureProps) {
  const api = error instanceof ApiError ? error : null;
  const title = api?.notFound
    ? "Not found"
    : api?.status === 0
      ? "No answer"
      : api?.status === 403
        ? "You may not see this"
        : "This did not load";
  return (
    <div role="alert">
      <Empty
        title={title}
        action={
          retry && (
            <Button variant="default" onClick={retry}>
              Try again
            </Button>
          )
        }
      >
        {error.message}
        {api?.hint && <div className="faint">{api.hint}</div>}
      </Empty>
    </div>
  );
}

/** Grey bars in place of what is on its way. */
export function Bones({ rows = 6 }: { rows?: number }) {
  return (
    <div className="stack" style={{ padding: 16 }} aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div
          key={index}
          className={styles.bone}
          style={{ height: 14, width: `${92 - ((index * 37) % 40)}%` }}
        />
      ))}
    </div>
  );
}

interface LoadedProps<T> {
  query: Pick<UseQueryResult<T>, "data" | "error" | "refetch">;
  rows?: number;
  children: (data: T) => ReactNode;
}

/** Shows a query's data, or that it loads, or why it failed. */
export function Loaded<T>({ query, rows, children }: LoadedProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <Bones {...(rows === undefined ? {} : { rows })} />;
}
