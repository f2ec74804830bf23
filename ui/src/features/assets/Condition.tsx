// SPDX-License-Identifier: Apache-2.0
import { Fragment, type ReactNode } from "react";
import { Chip } from "@/components/Page";
import { links } from "@/router/links";
import { conditionOf, type Condition } from "./expression";

function Part({ condition, inner }: { condition: Condition; inner: boolean }): ReactNode {
  if ("name" in condition)
    return (
      <Chip {...(condition.id === undefined ? {} : { to: links.asset(condition.id) })}>
        {condition.name}
      </Chip>
    );
  const several = inner && condition.parts.length > 1;
  return (
    <>
      {several && "("}
      {condition.parts.map((part, index) => (
        <Fragment key={index}>
          {index > 0 && <span className="faint">{condition.word}</span>}
          <Part condition={part} inner />
        </Fragment>
      ))}
      {several && ")"}
    </>
  );
}

/** The assets that a schedule waits for: "orders and (prices or rates)". */
export function ScheduleAssets({ expression }: { expression: unknown }) {
  const condition = conditionOf(expression);
  if (!condition) return null;
  return (
    <span className="row wrap">
      <Part condition={condition} inner={false} />
    </span>
  );
}
