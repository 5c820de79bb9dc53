"""A real Kubernetes node on this machine: the control plane, containerd, kubelet, kube-proxy and DNS in own namespaces.

Pods run, Services and DNS work, kube-apiserver calls a webhook's Pod through its Service: what a chart and images are
tested on. Needs Linux and root, no container engine and no image registry.

`programs` finds or builds what runs and names what comes from Debian, `images` makes the node's own images,
`settings` writes the configuration files, `inside` is the first process within the namespaces, `node` starts and ends
it.
"""
