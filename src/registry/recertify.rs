//! Certifies a department's key anew: one that was certified before there was SD-JWT VC (FORMAT §4, usage `….3.7`).

use std::sync::Arc;

use super::certifier::department_key;
use super::departments::DepartmentError;
use super::key_files::name;
use super::open::Registry;
use super::plan::DepartmentPlan;
use super::views::DepartmentView;
use crate::ledger::Issuing;
use crate::licence::{Authority, CreditCode};
use crate::pki::{Certificate, CertificateEntry, Usage};
use crate::time::UnixTime;

impl Registry {
    /// Gives a department that issues a new certificate of the key it has, for licences and SD-JWT VC; the one before is
    /// retired, and what it signed stays good. Interrupted, it is done again.
    pub fn certify_anew(self, code: CreditCode, now: UnixTime) -> Result<DepartmentView, DepartmentError> {
        self.check_departments_clock(now)?;
        let roster = self.roster();
        let known = roster.departments.get(&code).ok_or(DepartmentError::Unknown { code })?;
        let department = &known.department;
        let issuing = department.issuing.as_ref().ok_or(DepartmentError::IssuesNothing { code })?;
        let plan = DepartmentPlan {
            authority: Authority::new(code, &department.name)?,
            types: department.types.clone(),
            algorithm: self.keys.read(&department_key(code))?.algorithm(),
            roles: department.roles.as_ref().map(|(roles, _)| *roles),
            grants: Vec::new(),
        };
        let certifier = self.certifier(now);
        let public = self.keys.read(&department_key(code))?.verifying_key();
        let listed = roster.in_force(|one| *one.key() == public && one.signs(Usage::SdJwt));
        let key_id = match listed {
            Some(certificate) => certificate.key_id(),
            None => {
                let city = self.certified_key(name::CITY, Certificate::is_authority)?;
                let list_signer =
                    self.certified_key(name::TRUST_LIST, |one| one.usage() == Some(Usage::TrustList))?;
                let certificate = certifier.department(city.issuer(), &plan)?.certificate;
                let key_id = certificate.key_id();
                let certificate = Arc::new(certificate);
                self.next_trust_list(&certifier, &list_signer, |list| {
                    let issued_at = list.issued_at;
                    let same = |one: &&mut CertificateEntry| *one.certificate.key() == public;
                    for before in list.certificates.iter_mut().filter(same) {
                        before.retired = before.retired.or(Some(issued_at));
                    }
                    let certificate = Arc::clone(&certificate);
                    list.certificates.push(CertificateEntry { certificate, retired: None, revocation: None });
                })?;
                key_id
            }
        };
        if key_id != issuing.key_id {
            let status_tag = issuing.status_tag.clone();
            certifier.enter(&plan, Some(Issuing { key_id, status_tag }), Some(known.at))?;
        }
        let view = DepartmentView::of(department);
        self.close()?;
        Ok(view)
    }
}

#[cfg(test)]
mod tests {
    use super::super::certifier::scope;
    use super::super::tests::{City, SAMPLE, now, runtime};
    use super::*;
    use crate::pki::{LicenceForms, Request, SubjectName, Validity, mint_department};
    use crate::verify::Status;

    const CODE: &str = "11430000006122244L";

    /// Its department's certificate is one of the first version's: for licences alone.
    fn certified_in_former_times(city: &City) {
        let registry = city.open();
        let certifier = registry.certifier(now());
        let roster = registry.roster();
        let known = &roster.departments[&CODE.parse().unwrap()];
        let department = known.department.clone();
        let authority = Authority::new(department.code, &department.name).unwrap();
        let key = registry.keys.read(&department_key(department.code)).unwrap();
        let plan = DepartmentPlan::new(authority, department.types, key.algorithm());
        let above = registry.certified_key(name::CITY, Certificate::is_authority).unwrap();
        let validity = Validity { not_before: now(), not_after: now().plus(1_000_000) };
        let subject = SubjectName { organization: "示范市", common_name: &department.name };
        let public = key.verifying_key();
        let request = Request { subject, key: &public, validity };
        let scope = scope(&plan).unwrap();
        let random = &crate::crypto::SystemRandom;
        let certificate =
            mint_department(above.issuer(), &request, &scope, LicenceForms::Envelope, random).unwrap();
        let key_id = certificate.key_id();
        let mut list = roster.trust.list().clone();
        list.version += 1;
        list.certificates.retain(|one| *one.certificate.key() != public);
        let certificate = Arc::new(certificate);
        list.certificates.push(CertificateEntry { certificate, retired: None, revocation: None });
        let signer = registry.certified_key(name::TRUST_LIST, |one| one.usage() == Some(Usage::TrustList));
        certifier.trust_list(&list, &signer.unwrap(), Some(roster.trust_list_at)).unwrap();
        let status_tag = department.issuing.unwrap().status_tag;
        certifier.enter(&plan, Some(Issuing { key_id, status_tag }), Some(known.at)).unwrap();
        registry.close().unwrap();
    }

    #[test]
    fn certified_anew_it_issues_sd_jwt_and_what_it_signed_before_stays_good() {
        let city = City::new();
        certified_in_former_times(&city);
        let registry = city.open();
        let caller = city.issuer(&registry);
        let runtime = runtime();
        let issued = runtime.block_on(registry.issue(&caller, "1", SAMPLE, now())).unwrap();
        let refused = runtime.block_on(registry.issue_sd_jwt(&caller, &issued.identifier, b"{}", now()));
        assert_eq!(refused.unwrap_err().code(), "sd_jwt_not_certified");
        drop(registry);

        city.open().certify_anew(CODE.parse().unwrap(), now().plus(60)).unwrap();
        let registry = city.open();
        assert_eq!(runtime.block_on(registry.verify_text(&issued.qr, now().plus(60))).status, Status::Valid);
        let made =
            runtime.block_on(registry.issue_sd_jwt(&caller, &issued.identifier, b"{}", now().plus(60)));
        let verdict = runtime.block_on(registry.verify_text(&made.unwrap().sd_jwt, now().plus(60)));
        assert_eq!(verdict.status, Status::Valid, "{verdict:?}");
        let version = registry.trust().version();
        drop(registry);

        city.open().certify_anew(CODE.parse().unwrap(), now().plus(120)).unwrap();
        assert_eq!(city.open().trust().version(), version, "once is enough");
    }

    #[test]
    fn who_issues_nothing_is_not_certified() {
        let city = City::new();
        let refused = city.open().certify_anew("11330105002500287C".parse().unwrap(), now());
        assert!(matches!(refused, Err(DepartmentError::IssuesNothing { .. })), "{refused:?}");
    }
}
