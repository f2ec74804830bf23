// SPDX-License-Identifier: Apache-2.0
import {
  createContext,
  lazy,
  Suspense,
  useCallback,
  useContext,
  useMemo,
  useState,
  type ReactNode,
} from "react";

interface Request {
  dagId: string;
  /** Values to start from: those of a run that is triggered again. */
  conf?: Record<string, unknown> | undefined;
}

interface Trigger {
  /** Opens the trigger dialog of a DAG. */
  trigger: (dagId: string, conf?: Record<string, unknown>) => void;
}

const TriggerContext = createContext<Trigger>({ trigger: () => undefined });

export function useTrigger(): Trigger {
  return useContext(TriggerContext);
}

const TriggerDialog = lazy(() =>
  import("./TriggerDialog").then((m) => ({ default: m.TriggerDialog })),
);

/** Holds the trigger dialog, so that any button can open it. */
export function TriggerProvider({ children }: { children: ReactNode }) {
  const [request, setRequest] = useState<Request | null>(null);
  const trigger = useCallback<Trigger["trigger"]>((dagId, conf) => setRequest({ dagId, conf }), []);
  const value = useMemo(() => ({ trigger }), [trigger]);
  return (
    <TriggerContext value={value}>
      {children}
      <Suspense>
        {request && <TriggerDialog {...request} onClose={() => setRequest(null)} />}
      </Suspense>
    </TriggerContext>
  );
}
