// SPDX-License-Identifier: Apache-2.0
import { Hint } from "@/components/Hint";
import { useLive } from "@/live/LiveProvider";
import { useNow } from "@/lib/now";
import styles from "./shell.module.css";

/** Whether what is on the screen is what the server knows. */
export function LiveIndicator() {
  const { status, reconnect } = useLive();
  const now = useNow(status.state === "waiting" ? "second" : "still");
  const seconds = Math.max(0, Math.ceil(((status.retryAt ?? now) - now) / 1000));
  const text =
    status.state === "live" ? "Live" : status.state === "connecting" ? "Connecting" : "Offline";
  const tip =
    status.state === "live"
      ? "Changes appear the moment they are committed"
      : status.state === "connecting"
        ? "Connecting to the server"
        : `${status.error ?? "Not connected"} Next attempt ${seconds ? `in ${seconds} s` : "now"}; press to try at once.`;
  const dot =
    status.state === "live" ? "success" : status.state === "waiting" ? "failed" : "up_for_retry";
  return (
    <Hint label={tip}>
      <button
        type="button"
        className={styles.live}
        onClick={reconnect}
        aria-label={`${text}. ${tip}`}
      >
        <span className={styles.dot} data-state={dot} />
        <span className={styles.liveText}>{text}</span>
      </button>
    </Hint>
  );
}
