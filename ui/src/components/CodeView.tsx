// SPDX-License-Identifier: Apache-2.0
import { useMemo } from "react";
import { diffLines, foldSame } from "@/lib/diff";
import { tokenLines, type Token, type TokenKind } from "@/lib/python";
import styles from "./code.module.css";

const kClass: Record<TokenKind, string | undefined> = {
  plain: undefined,
  keyword: styles.keyword,
  string: styles.string,
  comment: styles.comment,
  number: styles.number_,
  decorator: styles.decorator,
  name: styles.name,
};

function Tokens({ tokens }: { tokens: readonly Token[] }) {
  return tokens.map((token, index) =>
    kClass[token.kind] ? (
      <span key={index} className={kClass[token.kind]}>
        {token.text}
      </span>
    ) : (
      token.text
    ),
  );
}

/** Python source with line numbers. */
export function CodeView({ source, label }: { source: string; label: string }) {
  const lines = useMemo(() => tokenLines(source.replace(/\n$/, "")), [source]);
  return (
    <div className={styles.code} role="region" aria-label={label} tabIndex={0}>
      <div className={styles.table}>
        {lines.map((tokens, index) => (
          <div key={index} className={styles.lineRow}>
            <span className={styles.number} aria-hidden>
              {index + 1}
            </span>
            <code className={styles.text}>
              <Tokens tokens={tokens} />
            </code>
          </div>
        ))}
      </div>
    </div>
  );
}

const kAround = 4;
const kMarks = { same: " ", added: "+", removed: "−" };

interface DiffProps {
  before: string;
  after: string;
  label: string;
}

/** What changed between two sources. */
export function DiffView({ before, after, label }: DiffProps) {
  const lines = useMemo(() => foldSame(diffLines(before, after), kAround), [before, after]);
  return (
    <div className={styles.code} role="region" aria-label={label} tabIndex={0}>
      <div className={styles.table}>
        {lines.map((line, index) =>
          line.kind === "fold" ? (
            <div key={index} className={styles.fold}>
              {line.count} equal lines
            </div>
          ) : (
            <div
              key={index}
              className={`${styles.lineRow} ${line.kind === "same" ? "" : styles[line.kind]}`}
            >
              <span className={`${styles.number} ${styles.narrowNumber}`}>{line.before}</span>
              <span className={`${styles.number} ${styles.narrowNumber}`}>{line.after}</span>
              <span className={styles.mark}>{kMarks[line.kind]}</span>
              <code className={styles.text}>{line.text}</code>
            </div>
          ),
        )}
      </div>
    </div>
  );
}
