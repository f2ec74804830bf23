// SPDX-License-Identifier: Apache-2.0

/** The page's frame while it is not known yet what to show in it; index.html begins with the same. */
export function Frame() {
  return (
    <div className="frame" aria-hidden="true">
      <div className="frame-nav">
        <img src="/leoflow.svg" width="22" height="22" alt="" />
        Leoflow
      </div>
      <div className="frame-top" />
    </div>
  );
}
