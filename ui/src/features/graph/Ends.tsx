// SPDX-License-Identifier: Apache-2.0
import { Handle, Position } from "@xyflow/react";
import type { ReactNode } from "react";
import styles from "./graph.module.css";

interface Props {
  horizontal: boolean;
  children: ReactNode;
}

/** What edges lead to, with the places where they arrive and leave. */
export function Ends({ horizontal, children }: Props) {
  const className = styles.handle ?? "";
  return (
    <>
      <Handle
        type="target"
        position={horizontal ? Position.Left : Position.Top}
        className={className}
      />
      {children}
      <Handle
        type="source"
        position={horizontal ? Position.Right : Position.Bottom}
        className={className}
      />
    </>
  );
}
