// SPDX-License-Identifier: Apache-2.0
import { Button, CloseButton } from "@mantine/core";
import {
  createContext,
  useCallback,
  useContext,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from "react";
import { ApiError } from "@/api/error";
import { StateIcon } from "./StateIcon";
import styles from "./toast.module.css";

interface Toast {
  id: number;
  text: ReactNode;
  tone: "good" | "bad";
  action?: { title: string; run: () => void } | undefined;
}

interface Toasts {
  /** Says that something was done, with a way back if there is one. */
  say: (text: ReactNode, action?: Toast["action"]) => void;
  /** Says why something was refused. */
  fail: (error: unknown) => void;
}

const ToastContext = createContext<Toasts | null>(null);

export function useToasts(): Toasts {
  const toasts = useContext(ToastContext);
  if (!toasts) throw new Error("useToasts needs ToastProvider");
  return toasts;
}

const kGoodFor = 6000;
const kBadFor = 12_000;
const kToastsMax = 4;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [list, setList] = useState<Toast[]>([]);
  const next = useRef(1);
  const remove = useCallback(
    (id: number) => setList((all) => all.filter((toast) => toast.id !== id)),
    [],
  );
  const add = useCallback(
    (toast: Omit<Toast, "id">) => {
      const id = next.current++;
      setList((all) => [...all.slice(1 - kToastsMax), { ...toast, id }]);
      setTimeout(() => remove(id), toast.tone === "bad" ? kBadFor : kGoodFor);
    },
    [remove],
  );
  const toasts = useMemo<Toasts>(
    () => ({
      say: (text, action) => add({ text, tone: "good", action }),
      fail: (error) => add({ text: <ErrorText error={error} />, tone: "bad" }),
    }),
    [add],
  );
  return (
    <ToastContext value={toasts}>
      {children}
      <div className={styles.region} role="status" aria-live="polite">
        {list.map((toast) => (
          <div key={toast.id} className={styles.toast}>
            <span className={styles.icon}>
              <StateIcon state={toast.tone === "good" ? "success" : "failed"} />
            </span>
            <div className={styles.text}>{toast.text}</div>
            {toast.action && (
              <Button
                variant="default"
                size="compact-xs"
                onClick={() => {
                  toast.action?.run();
                  remove(toast.id);
                }}
              >
                {toast.action.title}
              </Button>
            )}
            <CloseButton size="sm" aria-label="Dismiss" onClick={() => remove(toast.id)} />
          </div>
        ))}
      </div>
    </ToastContext>
  );
}

function ErrorText({ error }: { error: unknown }) {
  const text = error instanceof Error ? error.message : "That did not work.";
  return (
    <>
      {text}
      {error instanceof ApiError && error.hint && <div className="faint">{error.hint}</div>}
    </>
  );
}
