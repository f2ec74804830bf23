// SPDX-License-Identifier: Apache-2.0
import { AuthProvider } from "@/auth/AuthProvider";
import { HintLayer } from "@/components/Hint";
import { ToastProvider } from "@/components/toast";
import { LoginPage } from "@/features/login/LoginPage";
import { Unreachable } from "@/features/login/Unreachable";
import { TriggerProvider } from "@/features/trigger/TriggerProvider";
import { LiveProvider } from "@/live/LiveProvider";
import { Shell } from "@/shell/Shell";
import { Frame } from "./Frame";
import { Routes } from "./Routes";
import { ZoneProvider } from "./ZoneProvider";

/** Everything, from who is signed in to what is shown. */
export function App() {
  return (
    <AuthProvider
      pending={<Frame />}
      login={(enter) => <LoginPage enter={enter} />}
      unreachable={(error, retry) => <Unreachable error={error} retry={retry} />}
    >
      <LiveProvider>
        <ZoneProvider>
          <ToastProvider>
            <TriggerProvider>
              <Shell>
                <Routes />
              </Shell>
              <HintLayer />
            </TriggerProvider>
          </ToastProvider>
        </ZoneProvider>
      </LiveProvider>
    </AuthProvider>
  );
}
