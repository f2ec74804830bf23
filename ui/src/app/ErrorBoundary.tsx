// SPDX-License-Identifier: Apache-2.0
import { Component, type ReactNode } from "react";
import { Failure } from "@/components/States";

interface Props {
  /** Another value means another page: the failure of the last one is forgotten. */
  place: string;
  children: ReactNode;
}

/** Keeps the navigation usable when a page breaks. */
export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidUpdate(before: Props) {
    if (before.place !== this.props.place && this.state.error) this.setState({ error: null });
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return <Failure error={this.state.error} retry={() => this.setState({ error: null })} />;
  }
}
