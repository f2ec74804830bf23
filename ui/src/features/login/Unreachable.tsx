// SPDX-License-Identifier: Apache-2.0
import { Failure } from "@/components/States";
import { BrandMark } from "@/shell/Nav";
import styles from "./login.module.css";

/** The whole page while the server cannot be reached. */
export function Unreachable({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <BrandMark size={44} />
          <h1 className="sr">Leoflow</h1>
        </div>
        <Failure error={error} retry={retry} />
      </div>
    </main>
  );
}
