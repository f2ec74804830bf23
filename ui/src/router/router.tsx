// SPDX-License-Identifier: Apache-2.0
import {
  useCallback,
  useMemo,
  useSyncExternalStore,
  type AnchorHTMLAttributes,
  type MouseEvent,
} from "react";
import { withSearch, type SearchValue } from "./match";

const kChanged = "leoflow:navigate";

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(kChanged, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(kChanged, listener);
  };
}

/** Goes to a path of this page; `replace` leaves no step to come back to. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const before = window.location.pathname;
  if (options.replace) window.history.replaceState(null, "", to);
  else window.history.pushState(null, "", to);
  window.dispatchEvent(new Event(kChanged));
  if (window.location.pathname !== before)
    document.getElementById("main")?.scrollTo({ top: 0, behavior: "instant" });
}

export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

/** The search part of the address as state: every state of a view has its own link. */
export function useSearch() {
  const search = useSyncExternalStore(subscribe, () => window.location.search);
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const set = useCallback(
    (patch: Record<string, SearchValue>, options: { replace?: boolean } = { replace: true }) =>
      navigate(
        window.location.pathname + withSearch(window.location.search, patch) + window.location.hash,
        options,
      ),
    [],
  );
  return { params, set };
}

function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** What a click on a link among many does: where each is plain and one handler is around them all. */
export function followLink(event: React.MouseEvent): void {
  if (event.defaultPrevented || !isPlainClick(event) || !(event.target instanceof Element)) return;
  const to = event.target.closest("a[href^='/']")?.getAttribute("href");
  if (!to) return;
  event.preventDefault();
  navigate(to);
}

/** An anchor that stays within the page; modified clicks open tabs as everywhere. */
export function Link({
  to,
  replace,
  onClick,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & { to: string; replace?: boolean }) {
  return (
    <a
      {...rest}
      href={to}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || !isPlainClick(event)) return;
        event.preventDefault();
        navigate(to, { replace: replace ?? false });
      }}
    />
  );
}
