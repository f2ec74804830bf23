// SPDX-License-Identifier: Apache-2.0
// Hints: a short text beside what the pointer rests on or the keyboard has reached. One tooltip
// serves the whole page: one for each place takes longer to make than the row of a list it is in.
import { Tooltip, type TooltipProps } from "@mantine/core";
import {
  cloneElement,
  useEffect,
  useId,
  useRef,
  useSyncExternalStore,
  type FocusEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
} from "react";

const kDelay = 250; // ms until it is shown

interface Shown {
  target: HTMLElement;
  label: ReactNode;
  position: TooltipProps["position"];
  open: boolean;
}

/** The hint that is shown or was shown last, and the one that is about to be. */
let shown: Shown | null = null;
let next: Shown | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function tell(value: Shown | null): void {
  shown = value;
  for (const listener of listeners) listener();
}

function show(target: HTMLElement, label: ReactNode, position: TooltipProps["position"]): void {
  clearTimeout(timer);
  next = { target, label, position, open: true };
  timer = setTimeout(() => tell(next), kDelay);
}

function change(target: HTMLElement, label: ReactNode): void {
  if (next?.target === target) next = { ...next, label };
  if (shown?.open && shown.target === target) tell({ ...shown, label });
}

function hide(target: HTMLElement): void {
  if (next?.target === target) clearTimeout(timer);
  if (shown?.open && shown.target === target) tell({ ...shown, open: false });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

interface Props {
  label: ReactNode;
  position?: TooltipProps["position"];
  disabled?: boolean;
  /** One element that passes handlers on to the DOM. */
  children: ReactElement<object>;
}

/** Explains its child. Other props go to the child too, as those that a menu gives its target. */
export function Hint({ label, position = "top", disabled = false, children, ...others }: Props) {
  const target = useRef<HTMLElement | null>(null); // while it is hinted at
  useEffect(() => {
    if (!target.current) return;
    if (disabled) hide(target.current);
    else change(target.current, label);
  }, [label, disabled]);
  useEffect(() => () => void (target.current && hide(target.current)), []);
  const enter = ({ currentTarget }: PointerEvent<HTMLElement> | FocusEvent<HTMLElement>) => {
    target.current = currentTarget;
    if (!disabled) show(currentTarget, label, position);
  };
  const leave = () => {
    if (target.current) hide(target.current);
    target.current = null;
  };
  return cloneElement(children, {
    ...others,
    onPointerEnter: enter,
    onPointerLeave: leave,
    onFocus: (event: FocusEvent<HTMLElement>) => {
      if (event.target.matches(":focus-visible")) enter(event);
    },
    onBlur: leave,
  } as object);
}

/** Shows the hint of the moment. One for the page; Escape takes the hint away. */
export function HintLayer() {
  const hint = useSyncExternalStore(subscribe, () => shown);
  const id = useId();
  const target = hint?.open ? hint.target : null;
  useEffect(() => {
    if (!target) return;
    const onKey = ({ key }: KeyboardEvent) => {
      if (key === "Escape") hide(target);
    };
    target.setAttribute("aria-describedby", id);
    document.addEventListener("keydown", onKey);
    return () => {
      target.removeAttribute("aria-describedby");
      document.removeEventListener("keydown", onKey);
    };
  }, [target, id]);
  if (!hint) return null;
  const label = <div id={id}>{hint.label}</div>;
  return <Tooltip target={hint.target} label={label} position={hint.position} opened={hint.open} />;
}
