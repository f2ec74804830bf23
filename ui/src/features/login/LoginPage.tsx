// SPDX-License-Identifier: Apache-2.0
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useEffect, useState, type FormEvent } from "react";
import { signInProblem } from "@/auth/options";
import { StateIcon } from "@/components/StateIcon";
import { BrandMark } from "@/shell/Nav";
import { SingleSignOnButton } from "./SingleSignOnButton";
import styles from "./login.module.css";

interface Props {
  enter: (username: string, password: string) => Promise<void>;
}

/** Asks who it is. The address stays: after signing in one is where one wanted to be. */
export function LoginPage({ enter }: Props) {
  const [error, setError] = useState<string | null>(() => signInProblem(window.location.search));
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Sign in · Leoflow";
  }, []);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      await enter(String(form.get("username")), String(form.get("password")));
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : "Signing in failed.");
      setBusy(false);
    }
  }

  return (
    <main className={styles.page}>
      <form className={styles.card} onSubmit={(event) => void submit(event)}>
        <div className={styles.brand}>
          <BrandMark size={44} />
          <h1 style={{ fontSize: "var(--t-20)" }}>Sign in to Leoflow</h1>
        </div>
        {error && (
          <div className={styles.error} role="alert" data-state="failed">
            <StateIcon state="failed" size={16} />
            <span>{error}</span>
          </div>
        )}
        <SingleSignOnButton />
        <TextInput
          name="username"
          label="User name"
          size="sm"
          required
          withAsterisk={false}
          autoComplete="username"
          autoCapitalize="none"
          autoFocus
        />
        <PasswordInput
          name="password"
          label="Password"
          size="sm"
          required
          withAsterisk={false}
          autoComplete="current-password"
        />
        <Button type="submit" size="sm" loading={busy} mt={4}>
          Sign in
        </Button>
        <p className="faint" style={{ margin: 0, textAlign: "center", fontSize: "var(--t-12)" }}>
          The first start of <code>leoflow lite</code> prints the password of <code>admin</code>.
        </p>
      </form>
    </main>
  );
}
