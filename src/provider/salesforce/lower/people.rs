//! People: what gives an enabled person access, and the test user, who has to exist before anybody can test.

use super::{Organization, field, kind, settings};
use crate::{
    component::{Address, Capability, Class, Component, Field, Instruction, Rule, Step, Value},
    manifest::{
        Kind, Resource,
        user_enablement::{Stage, UserEnablementSpec},
    },
    provider::{Member, ProfileContext},
    yaml::path,
};

/// Raised when the step's inputs change their meaning.
const VERSION: u32 = 1;

/// One person's access: the assignment of the application's first permission set; or where only profiles give access, whether the person's
/// own profile is one of them, which nobody here changes.
pub(super) fn member(
    context: &ProfileContext<'_>,
    organization: &Organization,
    enablement: &Resource<UserEnablementSpec>,
    member: &Member<'_>,
) -> Option<Component> {
    if !organization.has_directory {
        return None;
    }
    let application = settings(context)?;
    let email = member.person.email.to_lowercase();
    let address = Address::new(
        enablement.tenant.clone(),
        Kind::UserEnablement,
        enablement.name().clone(),
        format!("{}:{email}", kind::USER),
    );
    let mut component = Component::new(
        context.marker(&address),
        organization.realm(),
        format!("Salesforce access of {email}"),
        email,
        member.origin.clone(),
    );
    component.class = Class::Membership;
    component.lifecycle = enablement.lifecycle.clone();
    component.fields = match application.permission_sets.first() {
        Some(permission_set) if organization.has_api => {
            // An assignment alone lets nobody in as long as the application does not name the permission set.
            component.needs = member.needs.clone();
            vec![Field::managed(field::PERMISSION_SET, permission_set.as_str())]
        }
        Some(permission_set) => vec![
            Field::new(field::HAS_ACCESS, true, Capability::Observed),
            Field::new(field::PERMISSION_SET, permission_set.as_str(), Capability::Derived),
        ],
        None => vec![
            Field::new(field::HAS_ACCESS, true, Capability::Observed),
            Field::new(field::PROFILES, Value::texts(&application.profiles), Capability::Derived),
        ],
    };
    for field in &mut component.fields {
        field.origin = Some(member.origin.clone());
    }
    component.fields.push(Field::new(field::USER_ID, member.person.id.as_str(), Capability::Derived));
    Some(component)
}

/// Everybody's access where there is no directory to read: one step for a list of people.
pub(super) fn list(
    context: &ProfileContext<'_>,
    organization: &Organization,
    enablement: &Resource<UserEnablementSpec>,
    members: &[Member<'_>],
) -> Option<Component> {
    let first = members.first()?;
    let application = settings(context)?;
    let which = if first.stage == Stage::Pilot { "pilot" } else { "others" };
    let address = Address::new(
        enablement.tenant.clone(),
        Kind::UserEnablement,
        enablement.name().clone(),
        format!("{}:{which}", kind::PEOPLE),
    );
    let mut component = Component::new(
        context.marker(&address),
        organization.realm(),
        format!("Salesforce access of the people of `{}` ({which})", enablement.name()),
        which,
        enablement.origin(),
    );
    component.lifecycle = enablement.lifecycle.clone();
    let people = members.iter().map(|member| member.person.email.to_lowercase());
    let mut instructions = vec![Instruction::say(
        "In Setup, open Users > Users. See for each of these people that there is an active user with this e-mail address.",
    )];
    instructions.push(Instruction::enter("People", field::EMAILS));
    component.fields =
        vec![Field::new(field::EMAILS, Value::texts(people), Capability::Attested).by(Rule::Set)];
    if let Some(permission_set) = application.permission_sets.first() {
        component.fields.push(Field::new(
            field::PERMISSION_SET,
            permission_set.as_str(),
            Capability::Attested,
        ));
        instructions.push(Instruction::say(
            "On each user's page, under Permission Set Assignments, add the permission set.",
        ));
        instructions.push(Instruction::enter("Permission Set", field::PERMISSION_SET));
    } else {
        component.fields.push(
            Field::new(field::PROFILES, Value::texts(&application.profiles), Capability::Attested)
                .by(Rule::Set),
        );
        instructions
            .push(Instruction::say("Compare each user's profile: without one of these, the sign-in fails."));
        instructions.push(Instruction::enter("Profiles", field::PROFILES));
    }
    component.needs = first.needs.clone();
    component.step = Some(Step {
        url: Some(format!("https://{}/lightning/setup/ManageUsers/home", organization.domain)),
        instructions,
        ..Step::new(VERSION, "Salesforce Setup > Users > Users", &organization.domain)
    });
    Some(component)
}

/// Who tests the connection: the profile's test users.
pub(super) fn testers<'a>(context: &ProfileContext<'a>) -> impl Iterator<Item = String> + use<'a> {
    let mut emails: Vec<String> =
        context.profile.spec.test_users.iter().map(|email| email.trim().to_lowercase()).collect();
    emails.sort();
    emails.dedup();
    emails.into_iter()
}

pub(super) fn tester_address(context: &ProfileContext<'_>, email: &str) -> Address {
    context.address(format!("{}:{email}", kind::TEST_USER))
}

/// The test user: a user of the organization with a licence and a profile. Concord makes no users in an identity provider; where there
/// is none, it is a step, closed by seeing the user.
pub(super) fn tester(context: &ProfileContext<'_>, organization: &Organization, email: &str) -> Component {
    let application = settings(context).unwrap_or_default();
    let address = tester_address(context, email);
    let mut component = Component::new(
        context.marker(&address),
        organization.realm(),
        format!("Salesforce test user {email}"),
        email,
        context.profile.at(&path!["spec", "testUsers"]),
    );
    component.formerly = context.former_address(format!("{}:{email}", kind::TEST_USER));
    component.fields = vec![
        Field::new(field::EXISTS, true, Capability::Probed)
            .from(context.profile.at(&path!["spec", "testUsers"])),
    ];
    let profile = application.profiles.first();
    let alias: String = email.chars().take_while(char::is_ascii_alphanumeric).take(8).collect();
    let mut instructions = vec![
        Instruction::say("In Setup, open Users > Users and choose New User.".to_owned()),
        Instruction::say(
            "`First Name` and `Last Name`: both, since Flex shows the full name that they make.".to_owned(),
        ),
        Instruction::say(format!("`Alias`: {alias}")),
        Instruction::say(format!("`Email`: {email}")),
        Instruction::say(format!(
            "`Username`: {email}, or another in the form of an e-mail address if some organization of Salesforce has this one already."
        )),
        Instruction::say(match profile {
            Some(profile) => format!(
                "`User License`: the one that the profile `{profile}` belongs to (Salesforce, for most). `Profile`: {profile}"
            ),
            None => "`User License`: Salesforce. `Profile`: one that your agents have.".to_owned(),
        }),
        Instruction::say(
            "Leave `Active` on, and `Generate new password and notify user immediately` too. Save."
                .to_owned(),
        ),
    ];
    if profile.is_none()
        && !organization.has_api
        && let Some(permission_set) = application.permission_sets.first()
    {
        instructions.push(Instruction::say(format!(
            "On the user's page, under Permission Set Assignments, add `{permission_set}`."
        )));
    }
    component.step = Some(Step {
        url: Some(format!("https://{}/lightning/setup/ManageUsers/home", organization.domain)),
        instructions,
        ..Step::new(VERSION, "Salesforce Setup > Users > Users", &organization.domain)
    });
    component
}
